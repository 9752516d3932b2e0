import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { build } from "./build.ts";
import { reportOf, runChaos } from "./chaos/run.ts";
import { executablePath } from "./testing/executable.ts";

/** `npm run chaos -- --seed N [--steps M] [--seeds K] [--kills N] [--executable PATH] [--verbose] [--keep]`. */
const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" }, seeds: { type: "string", default: "1" }, steps: { type: "string", default: "100" },
    kills: { type: "string" }, executable: { type: "string" }, verbose: { type: "boolean", default: false }, keep: { type: "boolean", default: false },
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
for (let seed = first; wantedKills === null ? seed < first + seeds : kills < wantedKills; seed++) {
  const result = await runChaos({ seed, steps, executable, keep: values.keep, ...(values.verbose ? { say: console.log } : {}) });
  kills += result.kills;
  jobs += result.jobs;
  if (result.problems.length > 0) failed.push(seed);
  console.log(reportOf(result));
}
console.log(`${kills} kills, ${jobs} jobs, ${((performance.now() - begun) / 1000).toFixed(0)} s, ${failed.length === 0 ? "no seed failed" : `failed seeds: ${failed.join(", ")}`}`);
process.exit(failed.length === 0 ? 0 : 1);
