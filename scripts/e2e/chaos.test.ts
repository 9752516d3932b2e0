import { beforeAll, expect, test } from "bun:test";
import { createRandom, makePlan } from "../chaos/plan.ts";
import { runPool } from "../chaos/pool.ts";
import { regressions } from "../chaos/regressions.ts";
import { type ChaosResult, reportOf } from "../chaos/run.ts";

/** Fifty seeds in some minutes; the night takes thousands with `npm run chaos`. ISENGARD_CHAOS_SEED chooses the first. */
const seeds = Number(process.env["ISENGARD_CHAOS_SEEDS"] ?? 50);
const first = Number(process.env["ISENGARD_CHAOS_SEED"] ?? 1);
/** About nine kills a seed. A plan is the beginning of each longer one with its seed. */
const steps = Number(process.env["ISENGARD_CHAOS_STEPS"] ?? 26);
const fewestKills = (seeds * steps) / 5;
/** A seed mostly waits: for a tool to start, for the time after which a job is tried again. */
const parallel = Number(process.env["ISENGARD_CHAOS_PARALLEL"] ?? 6);
const limitMs = 30 * 60_000;

const results: ChaosResult[] = [];
const wished = [...regressions, ...Array.from({ length: seeds }, (_, index) => ({ seed: first + index, steps }))];

beforeAll(async () => {
  await runPool({
    plans: wished, parallel,
    onResult: (result) => {
      console.log(reportOf(result));
      results.push(result);
    },
  });
}, limitMs);

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
  test(`${name} (seed ${seed})`, () => {
    expect(results.find((result) => result.seed === seed && result.steps === all)?.problems).toEqual([]);
  });
}

test(`whatever is killed, no job is lost, doubled or misreported (${seeds} seeds from ${first}, at least ${fewestKills} kills)`, () => {
  const played = results.filter((result) => result.steps === steps);
  expect(played.filter(({ problems }) => problems.length > 0).map(({ seed }) => seed)).toEqual([]);
  expect(played.length).toBe(seeds);
  const sum = (of: (result: ChaosResult) => number) => played.reduce((total, result) => total + of(result), 0);
  console.log(`${sum(({ kills }) => kills)} kills, ${sum(({ jobs }) => jobs)} jobs in ${seeds} seeds`);
  expect(sum(({ kills }) => kills)).toBeGreaterThanOrEqual(fewestKills);
});
