import { expect, test } from "bun:test";
import { createRandom, makePlan } from "../chaos/plan.ts";
import { runPool } from "../chaos/pool.ts";
import { regressions } from "../chaos/regressions.ts";
import { reportOf, runChaos } from "../chaos/run.ts";

/** How many seeds; the release check uses 50, the night thousands. ISENGARD_CHAOS_SEED chooses the first. */
const seeds = Number(process.env["ISENGARD_CHAOS_SEEDS"] ?? 2);
const first = Number(process.env["ISENGARD_CHAOS_SEED"] ?? 1);
/** About 20 kills, so that two seeds take less than a minute. */
const steps = Number(process.env["ISENGARD_CHAOS_STEPS"] ?? 60);
const parallel = 2;
const seedLimitMs = 240_000;

test("a seed gives the same plan each time, and another seed another one", () => {
  const everything = { disk: true, clock: true };
  expect(makePlan(7, 200, everything)).toEqual(makePlan(7, 200, everything));
  expect(makePlan(7, 200, everything).slice(0, 50)).toEqual(makePlan(7, 50, everything));
  expect(makePlan(7, 200, everything)).not.toEqual(makePlan(8, 200, everything));
  const kinds = new Set(makePlan(7, 2_000, everything).map(({ kind }) => kind));
  expect(kinds.size).toBe(14);
  expect(makePlan(7, 2_000, { disk: false, clock: false }).some(({ kind }) => kind === "full-disk" || kind === "clock-jump")).toBe(false);
  const random = createRandom(1);
  const mean = Array.from({ length: 10_000 }, random).reduce((sum, value) => sum + value, 0) / 10_000;
  expect(mean).toBeWithin(0.48, 0.52);
});

for (const { name, seed, steps: all } of regressions) {
  test(`${name} (seed ${seed})`, async () => {
    const result = await runChaos({ seed, steps: all });
    console.log(reportOf(result));
    expect(result.problems).toEqual([]);
  }, seedLimitMs);
}

test(`whatever is killed, no job is lost, doubled or misreported (${seeds} seeds from ${first})`, async () => {
  const failed: number[] = [];
  let kills = 0;
  await runPool({
    seeds: Array.from({ length: seeds }, (_, index) => first + index), steps, parallel,
    onResult: (result) => {
      console.log(reportOf(result));
      kills += result.kills;
      if (result.problems.length > 0) failed.push(result.seed);
    },
  });
  expect(failed).toEqual([]);
  expect(kills).toBeGreaterThan((seeds * steps) / 6);
}, seedLimitMs * seeds);
