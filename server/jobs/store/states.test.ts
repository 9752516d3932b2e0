import { expect, test } from "bun:test";
import type { JobState } from "../../contract/job.ts";
import { seededRandom } from "../../testing/random.ts";
import { allStates, isActive, isFinal, isOpen, mayGo, transitions } from "./states.ts";

test("a job that has ended never changes again, and every other job can still end", () => {
  for (const state of allStates) {
    expect(isOpen(state)).toBe(!isFinal(state));
    expect(transitions[state].length === 0).toBe(isFinal(state));
    for (const to of allStates) expect(mayGo(state, to)).toBe(transitions[state].includes(to));
  }
});

test("from every open state a person can get a job cancelled, and it then never runs again", () => {
  for (const state of allStates.filter(isOpen)) {
    const wish = isActive(state) ? "stopping" : "cancelled";
    expect(state === wish || mayGo(state, wish)).toBe(true);
  }
  expect(transitions.stopping.filter(isOpen)).toEqual([]);
});

test("only a claim brings a job to the GPU, whatever path it takes", () => {
  const random = seededRandom(7);
  for (let round = 0; round < 500; round++) {
    let state = "queued" as JobState;
    let before = state;
    for (let step = 0; step < 50 && isOpen(state); step++) {
      before = state;
      state = transitions[state][random(transitions[state].length)]!;
      if (isActive(state) && !isActive(before)) expect([before, state]).toEqual(["queued", "claimed"]);
      if (state === "snoozed") expect(["claimed", "starting", "running"]).toContain(before);
    }
  }
});
