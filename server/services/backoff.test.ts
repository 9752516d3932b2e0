import { expect, test } from "bun:test";
import { CrashHistory } from "./backoff.ts";

const middle = () => 0.5;

test("P10: waits 1, 2, 4 and 8 s and gives up at the fifth crash within ten minutes", () => {
  const history = new CrashHistory();
  const verdicts = [0, 1, 2, 3, 4].map((minute) => history.crashed(minute * 60_000, middle));
  expect(verdicts.map((verdict) => verdict.delayMs)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
  expect(verdicts.map((verdict) => verdict.giveUp)).toEqual([false, false, false, false, true]);
});

test("P10: forgets crashes that are older than ten minutes, and all of them when cleared", () => {
  const history = new CrashHistory();
  for (let minute = 0; minute < 60; minute += 3) expect(history.crashed(minute * 60_000, middle).giveUp).toBe(false);
  history.clear();
  expect(history.crashed(3_600_000, middle).delayMs).toBe(1_000);
});

test("P10: spreads the waits by a fifth either way", () => {
  expect(new CrashHistory().crashed(0, () => 0).delayMs).toBeCloseTo(800);
  expect(new CrashHistory().crashed(0, () => 1).delayMs).toBeCloseTo(1_200);
});
