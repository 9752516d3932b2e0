import { expect, test } from "bun:test";
import { seededRandom } from "../testing/random.ts";
import { isAllowedHost, isOwnOrigin, parseHost } from "./hosts.ts";
import { byteRange, hasCurrent, mayBePart, takenEncodings, wantsPage, wantsWebSocket } from "./http-conditions.ts";
import { readCookie } from "./gate.ts";

const ask = (headers: Record<string, string>) => new Request("http://127.0.0.1/x", { headers });

test.each([
  ['"x"', true], ['W/"x"', true], ["*", true], [' * ', true], ['"a", "x"', true], ['"a",W/"x" , "b"', true], ['"y"', false], ["x", false], ["", false], ['W/"xx"', false],
])("If-None-Match: %s with the tag \"x\": has it %p", (header, has) => {
  expect(hasCurrent(ask({ "if-none-match": header }), '"x"')).toBe(has);
});

test.each([
  ["bytes=0-1", { from: 0, to: 2 }], ["bytes= 0-1", { from: 0, to: 2 }], ["Bytes=0 - 1 ", { from: 0, to: 2 }], ["bytes=8-", { from: 8, to: 10 }], ["bytes=-3", { from: 7, to: 10 }],
  ["bytes=0-99", { from: 0, to: 10 }], ["bytes=10-", "unsatisfiable"], ["bytes=-0", "unsatisfiable"], ["bytes=5-2", null], ["bytes=0-1,4-5", null], ["items=0-1", null],
  ["bytes=", null], ["bytes=-", null], ["bytes=0x1-2", null], ["bytes=99999999999999999999-", null],
] as const)("Range: %s of 10 bytes is %p", (header, range) => {
  expect(byteRange(ask({ range: header }), 10)).toEqual(range);
});

test("a part is sent only of the version that If-Range names, compared strongly", () => {
  expect([mayBePart(ask({}), '"x"'), mayBePart(ask({ "if-range": '"x"' }), '"x"'), mayBePart(ask({ "if-range": 'W/"x"' }), '"x"'), mayBePart(ask({ "if-range": '"x"' }), null)])
    .toEqual([true, true, false, false]);
});

test.each([
  ["gzip;q=0", []], ["gzip, br", ["br", "gzip"]], ["*", ["br", "zstd", "gzip"]], ["*;q=0, gzip", ["gzip"]], ["GZIP ; Q=0.5", ["gzip"]], ["identity", []], ["", []], ["br;q=0, *", ["zstd", "gzip"]],
  ["gzip;q=nonsense", ["gzip"]],
])("Accept-Encoding: %s takes %p", (header, taken) => {
  expect([...takenEncodings(ask({ "accept-encoding": header }))]).toEqual(taken as never);
});

test("the wish for a socket is understood in any case, and in a list", () => {
  for (const word of ["websocket", "WebSocket", "WEBSOCKET", "h2c, websocket"]) expect(wantsWebSocket(ask({ upgrade: word }))).toBe(true);
  for (const word of ["h2c", "websockets"]) expect(wantsWebSocket(ask({ upgrade: word }))).toBe(false);
});

test("30,000 damaged headers are read without a throw, and let no strange host or origin in", () => {
  const random = seededRandom(41);
  const own = { allowedHosts: ["nas", "photos.example.org"], listenHost: "127.0.0.1", podId: "abc123" };
  const samples: Record<string, readonly string[]> = {
    host: ["127.0.0.1:8720", "[::1]:8720", "nas", "photos.example.org:443", "abc123-8720.proxy.runpod.net"],
    origin: ["http://127.0.0.1:8720", "https://photos.example.org", "null", "https://abc123-8720.proxy.runpod.net"],
    range: ["bytes=0-1", "bytes=-5", "bytes=5-"], "if-none-match": ['"x", W/"y"', "*"], "if-range": ['"x"'], "accept-encoding": ["gzip;q=0.5, br, *;q=0"],
    cookie: [`isengard-12345678=${"c".repeat(43)}; a=b`], authorization: [`Bearer ${"t".repeat(43)}`], upgrade: ["websocket"], accept: ["text/html,*/*;q=0.8"],
  };
  const names = Object.keys(samples);
  for (let round = 0; round < 30_000; round++) {
    const headers = new Headers();
    for (const name of names) {
      const text = samples[name]![random(samples[name]!.length)]!;
      const at = random(text.length + 1);
      const sign = String.fromCharCode(0x20 + random(95), 0x20 + random(95)).slice(0, random(3));
      headers.set(name, text.slice(0, at) + sign + text.slice(at + random(3)));
    }
    const request = new Request("http://127.0.0.1/x", { headers });
    const range = byteRange(request, 1000);
    if (range !== null && range !== "unsatisfiable" && !(range.from >= 0 && range.from < range.to && range.to <= 1000)) throw new Error(headers.get("range")!);
    for (const read of [() => hasCurrent(request, '"x"'), () => mayBePart(request, '"x"'), () => takenEncodings(request), () => wantsPage(request), () => wantsWebSocket(request), () => readCookie(request, "isengard-12345678")]) read();
    const host = parseHost(headers.get("host"));
    if (host === null) continue;
    const isKnown = /^(127(\.\d{1,3}){3}|localhost|.*\.localhost|\[::1\]|nas|photos\.example\.org|abc123-\d+\.proxy\.runpod\.net)$/.test(host.name);
    if (isAllowedHost(host, own) && !isKnown) throw new Error(headers.get("host")!);
    const origin = headers.get("origin")!;
    const isOwn = origin === `http://${host.host}` || origin === `https://${host.host}` || /^https?:\/\/(nas|photos\.example\.org)(:\d+)?$/i.test(origin);
    if (isOwnOrigin(origin, host, own) && !isOwn) throw new Error(`${host.host} ${origin}`);
  }
});
