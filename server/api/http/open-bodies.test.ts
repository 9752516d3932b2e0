import { expect, test } from "bun:test";
import { OpenBodies, openBodiesLimit } from "./open-bodies.ts";

test("one body too many ends the oldest that is still on its way, and no other", () => {
  const bodies = new OpenBodies();
  const [first, second, ...rest] = Array.from({ length: openBodiesLimit }, () => bodies.enter());
  first!.leave();
  bodies.enter();
  expect(second!.signal.aborted).toBe(false);
  bodies.enter();
  expect([first!, second!, ...rest].map(({ signal }) => signal.aborted)).toEqual([false, true, ...rest.map(() => false)]);
});
