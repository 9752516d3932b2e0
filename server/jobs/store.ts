import type { Database } from "bun:sqlite";
import type { Failure, Job, JobState, Waiting } from "../contract/job.ts";
import { AppError } from "../errors.ts";
import type { Bus } from "../events/bus.ts";
import type { Log } from "../log.ts";
import { activeStates, isActive, isFinal, mayGo } from "./states.ts";
import { JobNotes } from "./store-notes.ts";
import { type Claim, type JobRow, type JobStep, type NewJob, toClaim } from "./store-rows.ts";

export interface JobFilter {
  readonly kind?: Job["kind"];
  readonly characterId?: string;
  readonly states?: readonly JobState[];
  readonly limit: number;
  /** Id of a job: only older ones are listed. */
  readonly before?: string;
}

export interface Change {
  /** Why, as a sentence for the history of the job. */
  readonly why: string;
  /** The fencing token. Without one, only a person or the queue itself may act on a job that nobody runs. */
  readonly token?: string;
  readonly failure?: Failure;
  readonly results?: readonly string[];
  readonly waiting?: Waiting;
}

const listLimit = 500;
const actives = JSON.stringify(activeStates);

/**
 * All SQL of jobs. Each change is one transaction with its line in `job_event`; `job.changed` follows after the commit.
 * Methods throw only what SQLite throws (disk full, I/O error): then nothing was changed.
 */
export class JobStore {
  readonly notes: JobNotes;

  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    private readonly log: Log,
  ) {
    this.notes = new JobNotes(db, bus);
  }

  /**
   * Durable when it returns. The same idempotency key with the same body gives the job of the first call; with another
   * body it throws `conflict`. A second open training of one character throws `conflict` too.
   */
  insert(job: NewJob): Job {
    const row = this.write(() => this.findReplay(job) ?? this.insertRow(job));
    if (row.id === job.id) this.announce(row, null, "Accepted.");
    return this.notes.toJob(row);
  }

  replayOf(idempotencyKey: string, idempotencyHash: string): Job | null {
    const row = this.findReplay({ idempotencyKey, idempotencyHash });
    return row ? this.notes.toJob(row) : null;
  }

  get(id: string): Job | null {
    const row = this.row(id);
    return row ? this.notes.toJob(row) : null;
  }

  /** Newest first. */
  list(filter: JobFilter): Job[] {
    return this.db
      .query<JobRow, Record<string, string | number | null>>(
        `select * from job
         where ($kind is null or kind = $kind) and ($character is null or character_id = $character)
           and ($states is null or state in (select value from json_each($states)))
           and ($before is null or seq < (select seq from job where id = $before))
         order by seq desc limit $limit`,
      )
      .all({
        kind: filter.kind ?? null,
        character: filter.characterId ?? null,
        states: filter.states ? JSON.stringify(filter.states) : null,
        before: filter.before ?? null,
        limit: Math.min(filter.limit, listLimit),
      })
      .map((row) => this.notes.toJob(row));
  }

  // `finished_at is null` lets SQLite use the index of open jobs: thousands of ended ones then cost nothing.

  /** Queued jobs in the order in which they will be claimed, each with the words that name it. */
  queued(lane: string, limit: number): Job[] {
    return this.db
      .query<JobRow, [string, number]>("select * from job where finished_at is null and lane = ? and state = 'queued' order by priority desc, seq limit ?")
      .all(lane, limit)
      .map((row) => this.notes.toJob(row));
  }

  /** Open jobs that hold or held a lease when the last server ended: at most one in each lane. */
  active(): Job[] {
    return this.db
      .query<JobRow, [string]>("select * from job where finished_at is null and state in (select value from json_each(?)) order by seq")
      .all(actives)
      .map((row) => this.notes.toJob(row));
  }

  /** Open jobs in one state, in the order of submission. */
  inState(state: JobState): Job[] {
    return this.db.query<JobRow, [string]>("select * from job where finished_at is null and state = ? order by seq").all(state).map((row) => this.notes.toJob(row));
  }

  /** What sentences call this job, for example "the training of Ada". */
  subject(id: string): string {
    return this.row(id)?.subject || "another job";
  }

  /** Takes the next job of a lane that has no lease out: by priority, then in the order of submission. */
  claimNext(lane: string, token: string): Claim | null {
    const claimed = this.write(() => {
      const row = this.db
        .query<JobRow, [string, string]>(
          `select * from job where finished_at is null and lane = ?1 and state = 'queued'
             and not exists (select 1 from job where finished_at is null and lane = ?1 and state in (select value from json_each(?2)))
           order by priority desc, seq limit 1`,
        )
        .get(lane, actives);
      if (row === null) return null;
      this.db.query("update job set state = 'claimed', token = ?, attempt = attempt + 1, waiting = null where id = ?").run(token, row.id);
      return { before: row, after: this.step(row.id, row.state, "Its turn has come.") };
    });
    if (claimed === null) return null;
    this.announce(claimed.after, claimed.before.state, "Its turn has come.");
    return toClaim(claimed.after, token);
  }

  /** After a restart: the same attempt under a new token. Whoever held the old one can no longer write. */
  adopt(id: string, token: string, why: string): Claim | null {
    const row = this.write(() => {
      const before = this.row(id);
      if (before === null || !isActive(before.state)) return null;
      this.db.query("update job set token = ? where id = ?").run(token, id);
      return this.step(id, before.state, why);
    });
    if (row === null) return null;
    this.announce(row, row.state, why);
    return toClaim(row, token);
  }

  /** Refused: the table forbids it, the token is not the present one, or the job is gone. Refusals are logged. */
  transition(id: string, to: JobState, change: Change): Job | "refused" {
    const done = this.write(() => {
      const before = this.row(id);
      const refusal = refuse(before, to, change.token);
      if (before === null || refusal !== null) return { before, refusal: refusal ?? "the job is gone" };
      this.update(id, to, change);
      return { before, after: this.step(id, before.state, change.why) };
    });
    if (done.after === undefined) {
      this.log.warn("job.refused", `a change of a job to ${to} was refused: ${done.refusal}`, { jobId: id, to, token: change.token });
      return "refused";
    }
    this.announce(done.after, done.before.state, change.why);
    return this.notes.toJob(done.after);
  }

  /**
   * The person's wish to stop, durable before anything is signalled. A job that nobody runs ends here; a running one
   * is `stopping` until its last process is gone. Asking twice changes nothing.
   */
  requestStop(id: string, why: string): Job | "missing" | "finished" {
    const done = this.write(() => {
      const before = this.row(id);
      if (before === null) return "missing" as const;
      if (isFinal(before.state)) return "finished" as const;
      if (before.state === "stopping") return { before, after: before };
      this.db.query("update job set stop_requested_at = ? where id = ?").run(now(), id);
      this.update(id, isActive(before.state) ? "stopping" : "cancelled", { why });
      return { before, after: this.step(id, before.state, why) };
    });
    if (typeof done === "string") return done;
    if (done.after !== done.before) this.announce(done.after, done.before.state, why);
    return this.notes.toJob(done.after);
  }

  setWaiting(id: string, waiting: Waiting | null): void {
    const text = waiting === null ? null : JSON.stringify(waiting);
    const { changes } = this.db
      .query("update job set waiting = ?1 where id = ?2 and state in ('queued', 'snoozed') and waiting is not ?1")
      .run(text, id);
    if (changes > 0) this.publish(this.row(id));
  }

  history(id: string, afterSeq = 0): JobStep[] {
    return this.db
      .query<JobStep, [string, number]>(
        `select seq, attempt, from_state as "from", to_state as "to", why, at from job_event where job_id = ? and seq > ? order by seq limit 1000`,
      )
      .all(id, afterSeq);
  }

  private row(id: string): JobRow | null {
    return this.db.query<JobRow, [string]>("select * from job where id = ?").get(id);
  }

  private write<T>(work: () => T): T {
    return this.db.transaction(work).immediate();
  }

  private findReplay(job: Pick<NewJob, "idempotencyKey" | "idempotencyHash">): JobRow | null {
    if (job.idempotencyKey === null) return null;
    const row = this.db.query<JobRow, [string]>("select * from job where idempotency_key = ?").get(job.idempotencyKey);
    if (row !== null && row.idempotency_hash !== job.idempotencyHash) {
      throw new AppError("conflict", "This Idempotency-Key was already used for another request.", {
        why: `It belongs to the job ${row.id}.`, fix: "Send a new key with each new request, and the same key only with a repeat of it.",
      });
    }
    return row;
  }

  private insertRow(job: NewJob): JobRow {
    const busy = this.openTraining(job);
    if (busy !== null) {
      throw new AppError("conflict", `${sentenceCase(busy.subject)} is not finished yet.`, {
        why: "A character is trained once at a time.", fix: "Wait until it ends, or stop it first.",
      });
    }
    this.db
      .query(
        `insert into job (id, seq, kind, state, title, subject, character_id, backend, priority, correlation_id,
           idempotency_key, idempotency_hash, request, frozen, created_at)
         select $id, coalesce(max(seq), 0) + 1, $kind, 'queued', $title, $subject, $characterId, $backend, $priority, $correlationId,
           $idempotencyKey, $idempotencyHash, $request, $frozen, $at from job`,
      )
      .run({ ...job, request: JSON.stringify(job.request), frozen: JSON.stringify(job.frozen), at: now() });
    return this.step(job.id, null, "Accepted.");
  }

  private openTraining(job: NewJob): JobRow | null {
    if (job.kind !== "training") return null;
    return this.db
      .query<JobRow, [string | null]>("select * from job where kind = 'training' and character_id = ? and finished_at is null")
      .get(job.characterId);
  }

  private update(id: string, to: JobState, change: Change): void {
    const at = now();
    this.db
      .query(
        `update job set state = $to,
           token = case when $active then token else null end,
           attempt = attempt - ($to = 'snoozed'),
           waiting = $waiting,
           failure = coalesce($failure, failure), results = coalesce($results, results),
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
  private step(id: string, from: JobState | null, why: string): JobRow {
    const row = this.row(id)!;
    this.db
      .query("insert into job_event (job_id, attempt, from_state, to_state, why, at) values (?, ?, ?, ?, ?, ?)")
      .run(id, row.attempt, from, row.state, why, now());
    return row;
  }

  private announce(row: JobRow, from: JobState | null, why: string): void {
    this.log.info(`job.${row.state}`, why, {
      jobId: row.id, kind: row.kind, attempt: row.attempt, from, to: row.state, token: row.token, correlationId: row.correlation_id,
    });
    this.publish(row);
  }

  private publish(row: JobRow | null): void {
    if (row !== null) this.bus.publish({ type: "job.changed", job: this.notes.toJob(row) });
  }
}

/** A job that somebody runs is changed only with the present token; a person's stop has its own way. */
function refuse(row: JobRow | null, to: JobState, token: string | undefined): string | null {
  if (row === null) return "the job is gone";
  if (row.token !== (token ?? null)) return `its token is not the present one (state ${row.state})`;
  if (!mayGo(row.state, to)) return `a job that is ${row.state} cannot become ${to}`;
  return null;
}

function now(): string {
  return new Date().toISOString();
}

function sentenceCase(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
