import { expect, test } from "bun:test";
import { Slots } from "./slots.ts";

const begun: string[] = [];

function worker(slots: Slots, name: string, units: number, signal?: AbortSignal) {
  const { promise: work, resolve: finish } = Promise.withResolvers<string>();
  const done = slots.run(units, () => {
    begun.push(name);
    return work;
  }, signal).catch((error: Error) => error.name);
  return { done, finish: () => finish(name) };
}

test("who leaves while waiting makes room for those behind, also for a small one behind a large one", async () => {
  const slots = new Slots(2);
  const leaving = new AbortController();
  const first = worker(slots, "first", 1);
  const large = worker(slots, "large", 2, leaving.signal);
  const small = worker(slots, "small", 1);
  await Bun.sleep(0);
  expect(begun.splice(0)).toEqual(["first"]);
  leaving.abort();
  expect(await large.done).toBe("AbortError");
  await Bun.sleep(0);
  expect(begun.splice(0)).toEqual(["small"]);
  first.finish();
  small.finish();
  expect(await Promise.all([first.done, small.done])).toEqual(["first", "small"]);
  expect(await worker(slots, "gone", 1, leaving.signal).done).toBe("AbortError");
  const both = worker(slots, "both", 2);
  both.finish();
  expect(await both.done).toBe("both");
});

test("work that has begun goes to its end, whoever leaves", async () => {
  const slots = new Slots(1);
  const leaving = new AbortController();
  const only = worker(slots, "only", 1, leaving.signal);
  await Bun.sleep(0);
  leaving.abort();
  only.finish();
  expect(await only.done).toBe("only");
});
