import { Database } from "bun:sqlite";
import { join } from "node:path";
import type { JobState } from "../../server/contract/job.ts";
import { isActive, isFinal, mayGo } from "../../server/jobs/store/states.ts";

export interface Step {
  readonly seq: number;
  readonly job_id: string;
  readonly attempt: number;
  readonly from_state: JobState | null;
  readonly to_state: JobState;
  readonly why: string;
  readonly at: string;
}

export interface JobRow {
  readonly id: string;
  readonly kind: "training" | "generation";
  readonly state: JobState;
  readonly attempt: number;
  readonly lane: string;
  readonly idempotency_key: string;
  readonly frozen: string;
  readonly failure: string | null;
}

export interface Records {
  readonly jobs: JobRow[];
  readonly steps: Step[];
  readonly outputs: Array<{ readonly job_id: string; readonly index: number }>;
  readonly loras: Array<{ readonly job_id: string | null }>;
  readonly integrity: string;
}

/** Reads the database of a server that has ended. */
export function readRecords(folder: string): Records {
  const db = new Database(join(folder, "data/state.db"));
  try {
    return {
      jobs: db.query<JobRow, []>("select id, kind, state, attempt, lane, idempotency_key, frozen, failure from job order by seq").all(),
      steps: db.query<Step, []>("select seq, job_id, attempt, from_state, to_state, why, at from job_event order by seq").all(),
      outputs: db.query<{ job_id: string; index: number }, []>('select job_id, "index" from output order by job_id, "index"').all(),
      loras: db.query<{ job_id: string | null }, []>("select job_id from lora").all(),
      integrity: db.query<{ integrity_check: string }, []>("pragma integrity_check").get()?.integrity_check ?? "no answer",
    };
  } finally {
    db.close();
  }
}

/** The history by itself: no number missing, each step legal and from where the last one led, one job on a lane at a time. */
export function checkHistory({ jobs, steps }: Records): string[] {
  const problems: string[] = [];
  const now = new Map<string, JobState>();
  const holders = new Map<string, string>();
  const lanes = new Map(jobs.map((job) => [job.id, job.lane]));
  for (const [index, step] of steps.entries()) {
    const said = `event ${step.seq} of ${step.job_id}: ${step.from_state} to ${step.to_state} (${step.why})`;
    const before = now.get(step.job_id) ?? null;
    if (step.seq !== index + 1) problems.push(`${said}: it should have the number ${index + 1}`);
    if (step.from_state !== before) problems.push(`${said}: the job was ${before}`);
    // The same state again: a new server took the job over.
    const isLegal = before === null ? step.to_state === "queued" : before === step.to_state ? isActive(before) : mayGo(before, step.to_state);
    if (!isLegal) problems.push(`${said}: the table forbids it`);
    const lane = lanes.get(step.job_id) ?? "?";
    const holder = holders.get(lane);
    if (isActive(step.to_state) && holder !== undefined && holder !== step.job_id) problems.push(`${said}: ${holder} holds the lane`);
    if (isActive(step.to_state)) holders.set(lane, step.job_id);
    else if (holder === step.job_id) holders.delete(lane);
    now.set(step.job_id, step.to_state);
  }
  for (const job of jobs) {
    if (now.get(job.id) !== job.state) problems.push(`${job.id} is ${job.state}, but its history ends ${now.get(job.id)}`);
    if (!isFinal(job.state)) problems.push(`${job.id} never ended: ${job.state}`);
  }
  return problems;
}

/** The states of each job without repeats. */
export function statesOf(steps: readonly Step[]): Map<string, JobState[]> {
  const states = new Map<string, JobState[]>();
  for (const { job_id, to_state } of steps) {
    const list = states.get(job_id) ?? [];
    states.set(job_id, list);
    if (list.at(-1) !== to_state) list.push(to_state);
  }
  return states;
}
