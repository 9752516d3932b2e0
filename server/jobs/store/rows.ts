import type { Failure, Job, JobProgress, JobState, Waiting } from "../../contract/job.ts";

/** One row of `job` as SQLite gives it. JSON stays text until it is asked for. */
export interface JobRow {
  readonly id: string;
  readonly seq: number;
  readonly kind: string;
  readonly state: JobState;
  readonly title: string;
  readonly subject: string;
  readonly lane: string;
  readonly character_id: string | null;
  readonly backend: string;
  readonly priority: number;
  readonly position: number;
  /** Numbers the folders of attempts; never used twice once something has run. */
  readonly attempt: number;
  readonly uncharged: number;
  readonly token: string | null;
  readonly correlation_id: string;
  readonly idempotency_hash: string | null;
  readonly request: string;
  readonly frozen: string;
  readonly waiting: string | null;
  readonly progress: string | null;
  readonly failure: string | null;
  readonly warnings: string;
  readonly results: string;
  readonly stop_requested_at: string | null;
  readonly not_before: string | null;
  readonly retry_delay_ms: number | null;
  readonly pause: string | null;
  readonly entered_by: string | null;
  readonly entry_mark: string | null;
  readonly suspicion: number;
  /** 1: belongs to fast-test, 0: to production; null: from before this was written down. */
  readonly simulated: number | null;
  readonly revision: number;
  readonly created_at: string;
  readonly started_at: string | null;
  readonly finished_at: string | null;
}

export interface NewJob {
  readonly id: string;
  readonly kind: Job["kind"];
  readonly title: string;
  readonly subject: string;
  readonly characterId: string | null;
  readonly backend: string;
  readonly priority: number;
  readonly correlationId: string;
  readonly idempotencyKey: string | null;
  readonly idempotencyHash: string | null;
  readonly request: Record<string, unknown>;
  /** Asked for in fast-test: it runs there and nowhere else. */
  readonly simulated: boolean;
  /** All that the run needs; nothing that a person edits later reaches a job that was accepted. */
  readonly frozen: Record<string, unknown>;
}

/** One step in the life of a job. `seq` orders all steps of all jobs; `at` is for display only. */
export interface JobStep {
  readonly seq: number;
  readonly attempt: number;
  readonly from: JobState | null;
  readonly to: JobState;
  readonly why: string;
  readonly at: string;
}

/** The right to run a job: whoever holds another token can no longer write. `frozen` is still text: it may be unreadable. */
export interface Claim {
  readonly job: Job;
  readonly kind: string;
  readonly token: string;
  readonly frozen: string;
  /** The number of the attempt's folder; `job.attempt` leaves out those that are not counted. */
  readonly run: number;
  /** Where it runs: `gpu`, or `gpu:` and the UUID of one of several. */
  readonly lane: string;
  readonly stopRequested: boolean;
  readonly pauseRequested: boolean;
  /** Set when the job is to be ended because it seems to bring the server down. */
  readonly poison: Failure | null;
}

/** On a running training: it is giving way. */
export const pausingCode = "pausing";

/** A training that gives way to pictures. `step` is set once it has: null where nothing was trained yet. */
export interface Pause {
  readonly for: string;
  readonly subject: string;
  readonly step?: number | null;
}

export function pauseOf(row: JobRow): Pause | null {
  return parse<Pause | null>(row.pause, null);
}

export function chargedAttempts(row: Pick<JobRow, "attempt" | "uncharged">): number {
  return Math.max(0, row.attempt - row.uncharged);
}

export function toClaim(row: JobRow, token: string, poison: Failure | null = null): Claim {
  return {
    job: toJob(row), kind: row.kind, token, frozen: row.frozen, run: row.attempt, lane: row.lane,
    stopRequested: row.stop_requested_at !== null, pauseRequested: row.pause !== null, poison,
  };
}

/** A row that cannot be read in part must not hide the others, so each unreadable field falls back to nothing. */
export function toJob(row: JobRow): Job {
  return {
    id: row.id,
    kind: row.kind === "training" ? "training" : "generation",
    state: row.state,
    title: row.title,
    characterId: row.character_id,
    backend: row.backend,
    attempt: chargedAttempts(row),
    priority: row.priority,
    position: row.position,
    correlationId: row.correlation_id,
    revision: row.revision,
    simulated: row.simulated === 1,
    request: parse<Record<string, unknown>>(row.request, {}),
    waiting: parse<Waiting | null>(row.waiting, null),
    progress: parse<JobProgress | null>(row.progress, null),
    failure: parse<Failure | null>(row.failure, null),
    warnings: parse<string[]>(row.warnings, []),
    results: parse<string[]>(row.results, []),
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    ...(row.lane.includes(":") ? { lane: row.lane } : {}),
  };
}

function parse<T>(text: string | null, fallback: T): T {
  if (text === null) return fallback;
  try {
    return JSON.parse(text) as T;
  } catch {
    return fallback; // the runner reports an unreadable job with its own failure
  }
}
