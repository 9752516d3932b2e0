import type { Database } from "bun:sqlite";
import type { Failure, Job, JobState, Waiting } from "../../contract/job.ts";
import type { Bus } from "../../events/bus.ts";
import type { Log } from "../../base/log.ts";
import { JobCounters } from "./counters.ts";
import { isActive, isFinal } from "./states.ts";
import { JobNotes } from "./notes.ts";
import { chargedAttempts, type JobRow, type JobStep, type Pause, pausingCode, toJob } from "./rows.ts";
import { isJobKind, jobKinds } from "../../shared/job-kinds.ts";

export interface Change {
  /** Why, as a sentence for the history of the job. */
  readonly why: string;
  /** The fencing token. Without one, only a person or the queue itself may act on a job that nobody runs. */
  readonly token?: string;
  readonly failure?: Failure;
  readonly results?: readonly string[];
  readonly waiting?: Waiting;
}

/** Steps that are kept of one job; the oldest go first. */
export const stepsKept = 1000;
/** Where a job waits until a lane takes it. */
export const anyLane = "gpu";

/** What all SQL of jobs is made of: a row, a transaction, the step of a change, and its announcement after the commit. */
export class JobTable {
  readonly notes: JobNotes;
  readonly counters = new JobCounters();

  constructor(
    readonly db: Database,
    readonly bus: Bus,
    readonly log: Log,
    /** Which life of the server this is. */
    readonly runId: string = "",
  ) {
    this.notes = new JobNotes(db, bus);
  }

  row(id: string): JobRow | null {
    return this.db.query<JobRow, [string]>("select * from job where id = ? and removed_at is null").get(id);
  }

  write<T>(work: () => T): T {
    return this.db.transaction(work).immediate();
  }

  toJob(row: JobRow): Job {
    return this.notes.toJob(row);
  }

  update(id: string, to: JobState, change: Change): void {
    const at = now();
    this.db
      .query(
        `update job set state = $to,
           token = case when $active then token else null end,
           lane = case when $active or $final then lane else '${anyLane}' end,
           attempt = attempt - ($to = 'snoozed'),
           pause = case when $to in ('stopping', 'snoozed') or $final then null else pause end,
           waiting = case when $active and $to <> 'stopping' and pause is not null then waiting else $waiting end,
           failure = coalesce($failure, failure), results = coalesce($results, results),
           not_before = null, retry_delay_ms = null,
           started_at = case when $to = 'starting' then coalesce(started_at, $at) else started_at end,
           finished_at = case when $final then $at else null end
         where id = $id`,
      )
      .run({
        id, to, at, active: isActive(to), final: isFinal(to),
        waiting: change.waiting ? JSON.stringify(change.waiting) : null,
        failure: change.failure ? JSON.stringify(change.failure) : null,
        results: change.results ? JSON.stringify(change.results) : null,
      });
  }

  /** The event of a change, inside its transaction. Gives the row as it is now. */
  step(id: string, from: JobState | null, why: string, code: string | null = null): JobRow {
    const row = this.row(id)!;
    this.db
      .query("insert into job_event (job_id, attempt, from_state, to_state, why, at, code) values (?, ?, ?, ?, ?, ?, ?)")
      .run(id, chargedAttempts(row), from, row.state, why, now(), code);
    this.db
      .query("delete from job_event where job_id = ?1 and seq <= (select seq from job_event where job_id = ?1 order by seq desc limit 1 offset ?2)")
      .run(id, stepsKept);
    return row;
  }

  /** `token`: of the attempt that made the change; the row has lost it when the attempt ended. */
  announce(row: JobRow, from: JobState | null, why: string, token = row.token, code: string | null = null): void {
    this.counters.count(row, from, code);
    this.log[levelOf(row.state, code)](`job.${row.state}`, `${logName(row)}: ${why}`, {
      ...failureFields(row),
      jobId: row.id, kind: row.kind, attempt: chargedAttempts(row), from, to: row.state, token, correlationId: row.correlation_id,
    });
    this.publish(row);
  }

  /** A wish that lies in the training's row, so it survives a crash. Refused silently where another attempt has it now. */
  requestPause(training: JobRow, picture: JobRow): void {
    const pause: Pause = { for: picture.id, subject: picture.subject };
    const waiting: Waiting = { code: pausingCode, text: `Saves its work and pauses for ${picture.subject}.`, jobId: picture.id };
    this.db
      .query("update job set pause = ?, waiting = ? where id = ? and token is ?")
      .run(JSON.stringify(pause), JSON.stringify(waiting), training.id, training.token);
  }

  publish(row: JobRow | null): void {
    if (row !== null) this.bus.publish({ type: "job.changed", job: this.toJob(row) });
  }

  history(id: string, afterSeq: number): JobStep[] {
    return this.db
      .query<JobStep, [string, number, number]>(
        `select seq, attempt, from_state as "from", to_state as "to", why, at from job_event where job_id = ? and seq > ? order by seq limit ?`,
      )
      .all(id, afterSeq, stepsKept);
  }
}

export function now(): string {
  return new Date().toISOString();
}

/** Whoever looks for errors finds each job that failed, and each attempt that broke off among the warnings. */
function levelOf(state: JobState, code: string | null): "info" | "warn" | "error" {
  if (state === "failed") return "error";
  return state === "interrupted" || (state === "snoozed" && code !== null) ? "warn" : "info";
}

function failureFields(row: JobRow): Record<string, unknown> {
  const failure = row.state === "failed" ? toJob(row).failure : null;
  return failure === null ? {} : { code: failure.code, cause: failure.why, fix: failure.fix };
}

/** Without a person's name: the service log is not rewritten when a person is erased. The page adds the title while there is one. */
function logName(row: JobRow): string {
  return isJobKind(row.kind) ? jobKinds[row.kind].words.log : "A job of an unknown kind";
}
