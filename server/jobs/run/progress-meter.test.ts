import { expect, test } from "bun:test";
import type { JobProgress } from "../../contract/job.ts";
import { ProgressMeter } from "./progress-meter.ts";

const update = (step: number, etaSeconds?: number) => ({
  stages: [], step, totalSteps: 100, fraction: step / 100, speed: "", loss: null, learningRate: null, message: "", etaSeconds,
});

function meter() {
  const published: JobProgress[] = [];
  const saved: JobProgress[] = [];
  return { published, saved, meter: new ProgressMeter({ publish: (each) => published.push(each), save: (each) => saved.push(each) }) };
}

test("P18: the first and the last progress always pass, what comes between is thinned out", () => {
  const { published, saved, meter: subject } = meter();
  for (let step = 1; step <= 100; step++) subject.update(update(step));
  subject.flush();
  expect(published.map((each) => each.step)).toEqual([1, 100]);
  expect(saved.map((each) => each.step)).toEqual([1, 100]);
});

test("what was held back comes out by itself", async () => {
  const { published, meter: subject } = meter();
  subject.update(update(1));
  subject.update(update(2));
  const end = performance.now() + 3000;
  while (published.length < 2 && performance.now() < end) await Bun.sleep(10);
  expect(published.map((each) => each.step)).toEqual([1, 2]);
  subject.flush();
});

test("the time left follows the measured speed and not a burst of old lines after a restart", () => {
  const { published, meter: subject } = meter();
  const etas: Array<number | null> = [];
  const at = (step: number, ms: number) => {
    subject.update(update(step), ms);
    subject.flush();
    etas.push(published.at(-1)!.etaSeconds);
  };
  at(0, 0);
  at(50, 10); // fifty steps in ten milliseconds: a replay
  at(51, 2000);
  at(52, 4000);
  at(53, 6000);
  expect(etas).toEqual([null, null, null, 96, 94]);
});

test("a pause for samples counts in its share and does not become the speed of all steps to come", () => {
  const { published, meter: subject } = meter();
  let now = 0;
  for (let step = 0; step <= 60; step++) {
    now += step === 50 ? 60_000 : 1000;
    subject.update(update(step), now);
  }
  subject.flush();
  // 40 steps are left at a second each, and about as many pauses for each step as there were.
  expect(published.at(-1)!.etaSeconds).toBeGreaterThan(40);
  expect(published.at(-1)!.etaSeconds).toBeLessThan(100);
});

test("a time left that the tool tells is not replaced", () => {
  const { published, meter: subject } = meter();
  subject.update(update(1, 42));
  expect(published[0]!.etaSeconds).toBe(42);
  subject.flush();
});

test("when all steps are made and the last samples follow, the time left is unknown and not none", () => {
  const { published, meter: subject } = meter();
  for (let step = 97; step <= 100; step++) subject.update(update(step), step * 2000);
  subject.flush();
  expect(published.at(-1)).toMatchObject({ step: 100, etaSeconds: null });
});
