import { expect, test } from "bun:test";
import { hostileHosts, hostileOrigins, traversals } from "../../testing/gate-corpus.ts";
import { isAllowedHost, isOwnOrigin, parseHost, type HostRules } from "./hosts.ts";

const rules: HostRules = { allowedHosts: [], listenHost: "127.0.0.1", podId: null };

test("the corpus is large and repeats nothing", () => {
  expect(traversals.length).toBeGreaterThanOrEqual(60);
  expect(hostileHosts.length).toBeGreaterThanOrEqual(20);
  expect(hostileOrigins("127.0.0.1:8720").length).toBeGreaterThanOrEqual(20);
  for (const list of [traversals, hostileHosts, hostileOrigins("127.0.0.1:8720")]) expect(new Set(list).size).toBe(list.length);
});

test.each(hostileHosts.map((host) => [host]))("the host %s is refused", (host) => {
  const parsed = parseHost(host);
  expect(parsed !== null && isAllowedHost(parsed, rules)).toBe(false);
});

for (const own of ["127.0.0.1:8720", "localhost:8720"]) {
  const host = parseHost(own)!;
  test(`the own origin is accepted under ${own}`, () => {
    expect(isOwnOrigin(`http://${own}`, host, rules)).toBe(true);
  });
  test.each(hostileOrigins(own).map((origin) => [origin]))(`the origin %s is refused under ${own}`, (origin) => {
    expect(isOwnOrigin(origin, host, rules)).toBe(false);
  });
}
