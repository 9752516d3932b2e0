import type { Database } from "bun:sqlite";
import type { Failure, Job, JobState, Waiting } from "../../contract/job.ts";
import type { Mode } from "../../contract/system.ts";
import type { Bus } from "../../events/bus.ts";
import type { Log } from "../../base/log.ts";
import { findReplay, type IdempotencyKey, insertJob } from "./insert.ts";
import { JobOrder } from "./order.ts";
import { actives, JobReads } from "./reads.ts";
import { JobRemoval, type RemovalPaths } from "./removal.ts";
import { JobRetries } from "./retries.ts";
import { type Claim, type JobRow, type NewJob, toClaim } from "./rows.ts";
import { isActive, isFinal, mayGo } from "./states.ts";
import { anyLane, type Change, now } from "./table.ts";
import { pictureKinds } from "../../shared/job-kinds.ts";

export type { Change } from "./table.ts";

/** What the next server has to know about this entry, should this one die. */
export interface Entry {
  readonly suspicion: number;
  readonly poison: Failure | null;
}

/** Jobs that wait for something else than their turn. `kinds`: all of a kind; there may be thousands of them. */
export interface HeldBack {
  readonly kinds: readonly string[];
  /** Jobs of the other mode; absent: there is no other. */
  readonly mode?: Mode;
  holds(row: JobRow): boolean;
}

const nothingHeld: HeldBack = { kinds: [], holds: () => false };
/**
 * The SQL of a job's life. Each change is one transaction with its line in `job_event`; `job.changed` follows after the
 * commit. Methods throw only what SQLite throws (disk full, I/O error): then nothing was changed.
 */
export class JobStore extends JobReads {
  readonly order: JobOrder;
  readonly retries: JobRetries;

  constructor(db: Database, bus: Bus, private readonly log: Log, runId = "") {
    super(db, bus, log, runId);
    this.order = new JobOrder(this.table);
    this.retries = new JobRetries(this.table);
  }

  /** What forgets jobs; it writes down which files have to go. */
  removal(paths: RemovalPaths): JobRemoval {
    return new JobRemoval(this.table, paths);
  }

  /** The job of an earlier call with this key; null: nobody has used it. Throws `conflict` when it was used for something else. */
  replay(key: IdempotencyKey): Job | null {
    const row = findReplay(this.table, key);
    return row === null ? null : this.notes.toJob(row);
  }

  /**
   * Durable when it returns. The same idempotency key with the same body gives the job of the first call; with another
   * body it throws `conflict`. A second open training of one character throws `conflict` too, a full queue `too_many_requests`.
   * `onNew`: inside the transaction of a job that is really new.
   */
  insert(job: NewJob, onNew: () => void = () => undefined): Job {
    const row = this.table.write(() => {
      const inserted = insertJob(this.table, job);
      if (inserted.id === job.id) onNew();
      return inserted;
    });
    if (row.id === job.id) this.table.announce(row, null, "Accepted.");
    return this.notes.toJob(row);
  }

  /**
   * Takes the next job that may run in this lane: by priority, then by position. None while the lane is taken. The lane
   * `gpu` stands for whatever GPU there is, so it and a named one exclude each other. `pictures` false: ComfyUI lives
   * elsewhere, so only other jobs may come here. What is `held` back is passed over and holds up nobody.
   */
  claimNext(lane: string, token: string, pictures = true, held: HeldBack = nothingHeld): Claim | null {
    const kinds = JSON.stringify(pictures ? held.kinds : [...held.kinds, ...pictureKinds]);
    const claimed = this.table.write(() => {
      const row = this.nextFor(lane, kinds, held);
      if (row === null) return null;
      this.table.db
        .query(
          `update job set state = 'claimed', token = ?, lane = ?, attempt = attempt + 1, waiting = null, pause = null,
             entered_by = ?, entry_mark = progress where id = ?`,
        )
        .run(token, lane, this.table.runId, row.id);
      return { before: row, after: this.table.step(row.id, row.state, "Its turn has come.") };
    });
    if (claimed === null) return null;
    this.table.announce(claimed.after, claimed.before.state, "Its turn has come.");
    return toClaim(claimed.after, token);
  }

  /** After a restart: the same attempt under a new token. Whoever held the old one can no longer write. */
  adopt(id: string, token: string, why: string, entry: Entry = { suspicion: 0, poison: null }): Claim | null {
    const row = this.table.write(() => {
      const before = this.table.row(id);
      if (before === null || !isActive(before.state)) return null;
      this.table.db
        .query("update job set token = ?, entered_by = ?, entry_mark = progress, suspicion = ? where id = ?")
        .run(token, this.table.runId, entry.suspicion, id);
      return this.table.step(id, before.state, why);
    });
    if (row === null) return null;
    this.table.announce(row, row.state, why);
    return toClaim(row, token, entry.poison);
  }

  /** Refused: the table forbids it, the token is not the present one, or the job is gone. Refusals are logged. */
  transition(id: string, to: JobState, change: Change): Job | "refused" {
    const done = this.table.write(() => {
      const before = this.table.row(id);
      const refusal = refuse(before, to, change.token);
      if (before === null || refusal !== null) return { before, refusal: refusal ?? "the job is gone" };
      this.table.update(id, to, change);
      return { before, after: this.table.step(id, before.state, change.why, change.failure?.code) };
    });
    if (done.after === undefined) {
      this.log.warn("job.refused", `a change of a job to ${to} was refused: ${done.refusal}`, { jobId: id, to, token: change.token });
      return "refused";
    }
    this.table.announce(done.after, done.before.state, change.why, done.before.token, change.failure?.code);
    return this.notes.toJob(done.after);
  }

  /**
   * The person's wish to stop, durable before anything is signalled. A job that nobody runs ends here; a running one
   * is `stopping` until its last process is gone. Asking twice changes nothing.
   */
  requestStop(id: string, why: string): Job | "missing" | "finished" {
    const done = this.table.write(() => {
      const before = this.table.row(id);
      if (before === null) return "missing" as const;
      if (isFinal(before.state)) return "finished" as const;
      if (before.state === "stopping") return { before, after: before };
      this.table.db.query("update job set stop_requested_at = ? where id = ?").run(now(), id);
      this.table.update(id, isActive(before.state) ? "stopping" : "cancelled", { why });
      return { before, after: this.table.step(id, before.state, why) };
    });
    if (typeof done === "string") return done;
    if (done.after !== done.before) this.table.announce(done.after, done.before.state, why);
    return this.notes.toJob(done.after);
  }

  /** Pictures go to the front; the running training in their way is asked to give way to them, and stands right behind. */
  putPicturesFirst(picture: JobRow, training: JobRow | null): void {
    this.order.change(() => {
      this.order.putFirst(picture.id, training?.id ?? null);
      if (training !== null && training.pause === null) this.table.requestPause(training, picture);
    });
    if (training !== null) this.table.publish(this.table.row(training.id));
  }

  /** Open jobs from before modes were written down belong to the mode that meets them first. */
  markUnmarked(mode: Mode): void {
    this.table.db.query("update job set simulated = ? where simulated is null and finished_at is null").run(Number(mode === "fast-test"));
  }

  setWaiting(id: string, waiting: Waiting | null): void {
    this.setWaitings([{ id, waiting }]);
  }

  /** Of many jobs in one transaction: each alone would be a write of its own to the disk. Only what changed is told. */
  setWaitings(sentences: ReadonlyArray<{ readonly id: string; readonly waiting: Waiting | null }>): void {
    const set = this.table.db.query("update job set waiting = ?1 where id = ?2 and state in ('queued', 'snoozed') and waiting is not ?1");
    const textOf = (waiting: Waiting | null) => (waiting === null ? null : JSON.stringify(waiting));
    const changed = this.table.write(() => sentences.filter(({ id, waiting }) => set.run(textOf(waiting), id).changes > 0));
    for (const { id } of changed) this.table.publish(this.table.row(id));
  }

  private nextFor(lane: string, kinds: string, held: HeldBack): JobRow | null {
    const passed: string[] = [];
    for (;;) {
      const row = this.table.db
        .query<JobRow, [string, string, string, string, number | null]>(
          `select * from job where finished_at is null and state = 'queued' and not_before is null
             and kind not in (select value from json_each(?3)) and id not in (select value from json_each(?4))
             and (?5 is null or simulated is null or simulated = ?5)
             and not exists (select 1 from job where finished_at is null and state in (select value from json_each(?2))
               and (lane = ?1 or lane = '${anyLane}' or ?1 = '${anyLane}'))
           order by priority desc, position, seq limit 1`,
        )
        .get(lane, actives, kinds, JSON.stringify(passed), held.mode === undefined ? null : Number(held.mode === "fast-test"));
      if (row === null || !held.holds(row)) return row;
      passed.push(row.id);
    }
  }

}

/** A job that somebody runs is changed only with the present token; a person's stop has its own way. */
function refuse(row: JobRow | null, to: JobState, token: string | undefined): string | null {
  if (row === null) return "the job is gone";
  if (row.token !== (token ?? null)) return `its token is not the present one (state ${row.state})`;
  if (!mayGo(row.state, to)) return `a job that is ${row.state} cannot become ${to}`;
  return null;
}
