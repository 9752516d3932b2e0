import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { build } from "./build.ts";
import { runPool } from "./chaos/pool.ts";
import { reportOf } from "./chaos/run.ts";
import { executablePath } from "./testing/executable.ts";

/** `npm run chaos -- --seed N [--steps M] [--seeds K] [--kills N] [--parallel P] [--executable PATH] [--verbose] [--keep]`. */
const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" }, seeds: { type: "string", default: "1" }, steps: { type: "string", default: "100" },
    kills: { type: "string" }, parallel: { type: "string", default: "1" }, executable: { type: "string" }, verbose: { type: "boolean", default: false }, keep: { type: "boolean", default: false },
  },
});
const [first, seeds, steps] = [Number(values.seed), Number(values.seeds), Number(values.steps)];
const wantedKills = values.kills === undefined ? null : Number(values.kills);
const executable = values.executable ?? executablePath;
if (!existsSync(executable)) await build(executable);

let kills = 0;
let jobs = 0;
const failed: number[] = [];
const begun = performance.now();

function* wantedPlans(): Generator<{ seed: number; steps: number }> {
  for (let seed = first; wantedKills === null ? seed < first + seeds : kills < wantedKills; seed++) yield { seed, steps };
}

await runPool({
  plans: wantedPlans(), executable, keep: values.keep, parallel: Number(values.parallel), ...(values.verbose ? { say: console.log } : {}),
  onResult: (result) => {
    kills += result.kills;
    jobs += result.jobs;
    if (result.problems.length > 0) failed.push(result.seed);
    console.log(reportOf(result));
  },
});
const seconds = (performance.now() - begun) / 1000;
console.log(`${kills} kills, ${jobs} jobs, ${seconds.toFixed(0)} s, ${failed.length === 0 ? "no seed failed" : `failed seeds: ${failed.join(", ")}`}`);
process.exit(failed.length === 0 ? 0 : 1);
