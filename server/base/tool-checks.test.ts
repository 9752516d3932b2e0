import { expect, test } from "bun:test";
import type { Check } from "../contract/system.ts";
import { ToolCheckWatch } from "./tool-checks.ts";

const check = (detail: string): Check => ({ id: "tool", label: "Tool", state: "error", detail, fix: "", checkedAt: new Date().toISOString() });

/** A tool that answers when the test lets it. */
function watch() {
  const asked: Array<PromiseWithResolvers<Check[]>> = [];
  let news = 0;
  const training = { checks: () => (asked.push(Promise.withResolvers<Check[]>()), asked.at(-1)!.promise) };
  const checks = new ToolCheckWatch(() => [{ training } as never], () => news++);
  return { asked, checks, news: () => news };
}

test("what is found becomes known and is told once, until it says something else", async () => {
  const { asked, checks, news } = watch();
  expect(checks.known()).toBeNull();
  expect(asked.length).toBe(1);
  asked[0]!.resolve([check("It is missing.")]);
  expect((await checks.recent()).training[0]!.detail).toBe("It is missing.");
  expect([checks.known()!.training.length, news(), asked.length]).toEqual([1, 1, 1]);
  const again = checks.fresh();
  asked[1]!.resolve([check("It is missing.")]);
  await again;
  expect(news()).toBe(1);
  const mended = checks.fresh();
  asked[2]!.resolve([]);
  await mended;
  expect(news()).toBe(2);
});

test("a fresh look never shares one that began before it", async () => {
  const { asked, checks } = watch();
  void checks.recent();
  const fresh = checks.fresh();
  const other = checks.fresh();
  asked[0]!.resolve([check("before")]);
  await checks.recent();
  while (asked.length < 2) await Promise.resolve();
  asked[1]!.resolve([]);
  expect([(await fresh).training, (await other).training]).toEqual([[], []]);
  expect(asked.length).toBe(2);
});

test("what was asked about the tools of another mode is not kept", async () => {
  const { asked, checks, news } = watch();
  const before = checks.recent();
  checks.forget();
  asked[0]!.resolve([check("of the other mode")]);
  await before;
  expect([checks.known(), news()]).toEqual([null, 0]);
});
