import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readClaim, readExit, readHolder } from "../../server/process/records.ts";

interface Life {
  readonly run: string;
  readonly from: number;
  readonly to: number;
}

/**
 * What the holders themselves wrote down, by a clock that is never moved: each run has one end, and no two trainings
 * lived at once, also in between two looks at the machine.
 */
export function checkAttempts(folder: string, jobs: ReadonlyArray<{ readonly id: string }>): string[] {
  const problems: string[] = [];
  const lives: Life[] = [];
  const folderOfJobs = join(folder, "data/jobs");
  for (const run of jobs.flatMap(({ id }) => runsOf(folderOfJobs, id))) {
    const [holder, exit] = [readHolder(join(folderOfJobs, run)), readExit(join(folderOfJobs, run))];
    if (exit === null) problems.push(`the end of ${run} was never recorded`);
    // A lost end is written by the server, whose clock may have been moved.
    if (holder === null || exit === null || (exit.kind !== "exited" && exit.kind !== "signalled")) continue;
    lives.push({ run, from: Date.parse(holder.startedAt), to: Date.parse(exit.endedAt) });
  }
  lives.sort((one, other) => one.from - other.from);
  for (const [index, life] of lives.entries()) {
    const before = lives.slice(0, index).find(({ to }) => to > life.from);
    if (before) problems.push(`${life.run} began ${before.to - life.from} ms before ${before.run} had ended`);
  }
  return problems;
}

/** Of one job, as `<job>/attempt-<n>/train`; a folder that nobody claimed never had a child. */
function runsOf(jobs: string, id: string): string[] {
  if (!existsSync(join(jobs, id))) return [];
  const runs = readdirSync(join(jobs, id)).filter((name) => name.startsWith("attempt-")).map((attempt) => join(id, attempt, "train"));
  return runs.filter((run) => existsSync(join(jobs, run)) && readClaim(join(jobs, run)) !== null);
}
