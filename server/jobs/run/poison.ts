import type { KnownFailure, JobProgress } from "../../contract/job.ts";
import type { JobStep } from "../store/rows.ts";

/**
 * How the life of a server ended while it held a job. `drained`: as asked. `crashed`: by an error of its own. `memory`:
 * killed while the machine ran out of memory. `unknown`: gone without a word (SIGKILL, power, a new pod).
 */
export type ServerEnd = "drained" | "crashed" | "memory" | "unknown";

/** Two deaths that bear the job's marks are enough; deaths without evidence have to come ten times in a row. */
const weights: Readonly<Record<ServerEnd, number>> = { drained: 0, crashed: 5, memory: 5, unknown: 1 };
export const poisonLimit = 10;
/** Entered this once more only to be ended; after another death not even that. */
export const poisonHardLimit = poisonLimit + 1;

/**
 * What speaks against a job after a server has died with it. While the job gets ahead, deaths without evidence are not
 * held against it: whoever kills or moves the server, the work comes to its end.
 */
export function suspicionAfter(before: number, end: ServerEnd, gotAhead: boolean): number {
  if (end === "drained") return before;
  if (end === "unknown" && gotAhead) return 0;
  return before + weights[end];
}

/** Compares two stored progresses; a replay after a restart that has not caught up yet is not getting ahead. */
export function isAhead(entry: string | null, present: string | null): boolean {
  const [then, now] = [place(entry), place(present)];
  return now.step > then.step || now.stages > then.stages;
}

function place(text: string | null): { step: number; stages: number } {
  try {
    const progress = JSON.parse(text ?? "null") as JobProgress | null;
    return { step: progress?.step ?? -1, stages: progress?.stages.filter((stage) => stage.state === "done").length ?? -1 };
  } catch {
    return { step: -1, stages: -1 }; // an unreadable progress says nothing for the job
  }
}

const evidenceLines = 20;

export function poisonFailure(title: string, history: readonly JobStep[]): KnownFailure {
  return {
    code: "server_died",
    what: `${title}: Isengard itself died again and again while it had this job, so the job is not started again.`,
    why: "The job may be what brings the server down, most often because the machine is short of memory.",
    fix: "Free memory or use a larger machine, then press Retry.",
    tail: history.map((step) => `${step.at}: ${step.why}`).slice(-evidenceLines),
  };
}
