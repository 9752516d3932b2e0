import type { Failure, Job, JobState, Waiting } from "../../contract/job.ts";
import { mayGo, mayRetry } from "./states.ts";
import { assertOnlyOne, assertRoomInQueue } from "./insert.ts";
import { type Pause, pauseOf } from "./rows.ts";
import type { JobTable } from "./table.ts";

export interface Requeue {
  readonly token: string;
  /** Why the attempt ended, for the history. */
  readonly why: string;
  /** The class of the end; the policy counts by it. */
  readonly code: string;
  readonly delayMs: number;
  readonly waiting: Waiting | null;
}

/** A queued job whose time has not come. */
export interface Delayed {
  readonly id: string;
  readonly notBefore: string;
  readonly delayMs: number;
}

/** In the job's memory: how much it had kept when it last got ahead, and the last step of its life before that. */
const aheadKept = "ends.kept";
const aheadFrom = "ends.from";
/** A job that gets ahead is not given up for its ends; one that ends so often in one class is. */
export const endsAtMost = 50;

/** The SQL of coming back: after a failure that may pass, after a pause, after a person asked for it. */
export class JobRetries {
  constructor(private readonly table: JobTable) {}

  /** How often attempts have ended in this class since a person last asked for a retry, and since the job last got ahead. */
  countEnds(id: string, code: string): number {
    return this.endsAfter(id, code, Number(this.table.notes.recall(id, aheadFrom) ?? 0));
  }

  /**
   * To be told before an end is counted. Whether the job has kept something since the end before: a checkpoint further on, or another
   * picture. What ended earlier then does not count any more, up to a bound for a job that gets ahead and is broken off for ever.
   */
  noteAdvance(id: string, code: string): void {
    const { db, notes } = this.table;
    const kept = db
      .query<{ n: number }, [string]>(
        `select coalesce((select max(step) from artifact where job_id = ?1 and kind = 'checkpoint'), 0)
           + (select count(*) from output where job_id = ?1) as n`,
      )
      .get(id)!.n;
    if (kept <= Number(notes.recall(id, aheadKept) ?? 0) || this.endsAfter(id, code, 0) >= endsAtMost) return;
    const { seq } = db.query<{ seq: number }, [string]>("select coalesce(max(seq), 0) as seq from job_event where job_id = ?").get(id)!;
    this.table.write(() => {
      notes.remember(id, aheadKept, String(kept));
      notes.remember(id, aheadFrom, String(seq));
    });
  }

  private endsAfter(id: string, code: string, seq: number): number {
    return this.table.db
      .query<{ n: number }, [string, string, number]>(
        `select count(*) as n from job_event where job_id = ?1 and to_state = 'interrupted' and code = ?2
           and seq > max(?3, coalesce((select max(seq) from job_event where job_id = ?1 and code = 'again'), 0))`,
      )
      .get(id, code, seq)!.n;
  }

  /** The class of the newest interruption. */
  lastEnd(id: string): string | null {
    return this.table.db
      .query<{ code: string | null }, [string]>("select code from job_event where job_id = ? and to_state = 'interrupted' order by seq desc limit 1")
      .get(id)?.code ?? null;
  }

  /** interrupted and queued in one transaction, not to be claimed before its time. False: the token is an old one. */
  requeue(id: string, requeue: Requeue): boolean {
    const { delayMs, waiting } = requeue;
    return this.comeBack(id, requeue, () => {
      if (delayMs <= 0) return;
      this.table.db
        .query("update job set not_before = ?, retry_delay_ms = ?, waiting = ? where id = ?")
        .run(new Date(Date.now() + delayMs).toISOString(), Math.ceil(delayMs), waiting === null ? null : JSON.stringify(waiting), id);
    });
  }

  /** Gave way to pictures: the attempt is not counted, and the job goes on by itself right behind them. */
  paused(id: string, token: string, step: number | null): boolean {
    const pause: Pause = { for: "", subject: "another job", ...pauseOf(this.table.row(id)!), step };
    const waiting: Waiting = { code: "paused", text: pausedText(pause), ...(pause.for === "" ? {} : { jobId: pause.for }) };
    return this.comeBack(id, { token, why: waiting.text, code: "paused" }, () => {
      this.table.db
        .query("update job set pause = ?, waiting = ?, uncharged = uncharged + 1 where id = ?")
        .run(JSON.stringify(pause), JSON.stringify(waiting), id);
    });
  }

  /** Back into the queue, where it is held back until it may go on; the attempt is not counted. */
  setAside(id: string, token: string, why: string): boolean {
    return this.comeBack(id, { token, why, code: "other_mode" }, () => {
      this.table.db.query("update job set uncharged = uncharged + 1 where id = ?").run(id);
    });
  }

  /** Waits for something outside although the attempt had begun: it is not counted, but its folder stays its own. */
  snooze(id: string, token: string, why: string, waiting: Waiting): boolean {
    const done = this.table.write(() => {
      const before = this.table.row(id);
      if (before === null || before.token !== token || !mayGo(before.state, "snoozed")) return null;
      this.table.update(id, "snoozed", { why, waiting });
      this.table.db.query("update job set attempt = attempt + 1, uncharged = uncharged + 1 where id = ?").run(id);
      return { before, after: this.table.step(id, before.state, why) };
    });
    if (done !== null) this.table.announce(done.after, done.before.state, why, token);
    return done !== null;
  }

  /** Its time has come. */
  release(id: string): void {
    const { changes } = this.table.db
      .query("update job set not_before = null, retry_delay_ms = null, waiting = null where id = ? and state = 'queued' and not_before is not null")
      .run(id);
    if (changes > 0) this.table.publish(this.table.row(id));
  }

  /** For the start of a server: whose waits go on. */
  delayed(): Delayed[] {
    return this.table.db
      .query<Delayed, []>(
        `select id, not_before as notBefore, coalesce(retry_delay_ms, 0) as delayMs from job
         where finished_at is null and state = 'queued' and not_before is not null`,
      )
      .all();
  }

  /**
   * A person has a job that failed or was cancelled tried again: the same job, so a training resumes. What was held
   * against it is forgotten. Throws `conflict` while another training of the character is open.
   */
  again(id: string): Job | "missing" | JobState {
    const done = this.table.write(() => {
      const before = this.table.row(id);
      if (before === null) return "missing" as const;
      if (!mayRetry(before.state)) return before.state;
      assertRoomInQueue(this.table);
      assertOnlyOne(this.table, before.kind, before.character_id);
      this.table.db
        .query(
          `update job set state = 'queued', token = null, lane = 'gpu', failure = null, waiting = null, stop_requested_at = null,
             finished_at = null, pause = null, not_before = null, suspicion = 0 where id = ?`,
        )
        .run(id);
      return { before, after: this.table.step(id, before.state, "Started again by the user.", "again") };
    });
    if (typeof done === "string") return done;
    this.table.announce(done.after, done.before.state, "Started again by the user.");
    return this.table.toJob(done.after);
  }

  private comeBack(id: string, end: Pick<Requeue, "token" | "why" | "code">, mark: () => void): boolean {
    const done = this.table.write(() => {
      const before = this.table.row(id);
      if (before === null || before.token !== end.token || !mayGo(before.state, "interrupted")) return null;
      this.table.update(id, "interrupted", { why: end.why });
      const between = this.table.step(id, before.state, end.why, end.code);
      this.table.update(id, "queued", { why: backText });
      this.table.db.query("update job set pause = null where id = ?").run(id);
      mark();
      return { before, between, after: this.table.step(id, "interrupted", backText) };
    });
    if (done === null) {
      this.table.log.warn("job.refused", "a change of a job to interrupted was refused: it is no longer this attempt's", { jobId: id, token: end.token });
      return false;
    }
    this.table.announce(done.between, done.before.state, end.why, end.token, end.code);
    this.table.announce(done.after, "interrupted", backText);
    return true;
  }
}

const backText = "Goes back into the queue.";

/** Kept on the job until it goes on. */
export function pausedText({ subject, step }: Pause): string {
  const where = typeof step === "number" ? `at step ${step.toLocaleString("en-US")}` : "before its first step";
  return `Paused ${where} for ${subject}; goes on by itself.`;
}

/** A failure after all tries, with how often it was tried. */
export function withTries(failure: Failure, tries: number): Failure {
  return tries < 2 ? failure : { ...failure, why: `${failure.why}${failure.why === "" ? "" : " "}It was tried ${tries} times.` };
}
