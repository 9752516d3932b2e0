import type { Database } from "bun:sqlite";
import type { Job, JobProgress } from "../../contract/job.ts";
import type { Bus } from "../../events/bus.ts";
import { type JobRow, toJob } from "./rows.ts";

const warningsPerJob = 50;

/**
 * The SQL of what a running attempt leaves behind: none of it changes the state of the job, and all of it is refused
 * (silently: the caller asks `holds`) once the token is no longer the present one.
 */
export class JobNotes {
  /** What the pages have seen of a running job but the disk has not yet: it is saved less often than it is shown. */
  private readonly newest = new Map<string, JobProgress>();

  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
  ) {}

  /** Whether this token may still write to the job. */
  holds(id: string, token: string): boolean {
    return this.db.query<{ token: string | null }, [string]>("select token from job where id = ?").get(id)?.token === token;
  }

  /** Shown at once, and part of the job from now on. The caller throttles. */
  showProgress(id: string, progress: JobProgress): void {
    this.newest.set(id, progress);
    this.bus.publish({ type: "job.progress", jobId: id, progress });
  }

  /** After the last progress was saved. */
  endProgress(id: string): void {
    this.newest.delete(id);
  }

  /** A row with the newest progress, and the start of its newest attempt. */
  toJob(row: JobRow): Job {
    const job = toJob(row);
    const attemptStartedAt = row.started_at === null ? null : (this.lastStart(row.id) ?? row.started_at);
    return { ...job, attemptStartedAt, progress: this.newest.get(row.id) ?? job.progress };
  }

  /** An attempt that was taken over after a restart of the server has not begun anew. */
  private lastStart(id: string): string | undefined {
    return this.db
      .query<{ at: string }, [string]>("select at from job_event where job_id = ? and to_state = 'starting' and from_state is not 'starting' order by seq desc limit 1")
      .get(id)?.at;
  }

  /** The caller throttles. False: the token is no longer the present one. */
  saveProgress(id: string, token: string, progress: JobProgress): boolean {
    return this.db.query("update job set progress = ? where id = ? and token = ?").run(JSON.stringify(progress), id, token).changes > 0;
  }

  /** Repeats are dropped; so is what comes after the fiftieth. */
  addWarning(id: string, token: string, sentence: string): void {
    const { changes } = this.db
      .query(
        `update job set warnings = json_insert(warnings, '$[#]', ?1)
         where id = ?2 and token = ?3 and json_array_length(warnings) < ?4
           and not exists (select 1 from json_each(warnings) where value = ?1)`,
      )
      .run(sentence, id, token, warningsPerJob);
    if (changes > 0) this.publish(id);
  }

  addResult(id: string, token: string, result: string): void {
    const { changes } = this.db
      .query(
        `update job set results = json_insert(results, '$[#]', ?1)
         where id = ?2 and token = ?3 and not exists (select 1 from json_each(results) where value = ?1)`,
      )
      .run(result, id, token);
    if (changes > 0) this.publish(id);
  }

  /** Durable when it returns. */
  remember(id: string, key: string, value: string): void {
    this.db.query("insert into job_memory (job_id, key, value) values (?, ?, ?) on conflict do update set value = excluded.value").run(id, key, value);
  }

  recall(id: string, key: string): string | null {
    return this.db.query<{ value: string }, [string, string]>("select value from job_memory where job_id = ? and key = ?").get(id, key)?.value ?? null;
  }

  private publish(id: string): void {
    const row = this.db.query<JobRow, [string]>("select * from job where id = ?").get(id);
    if (row !== null) this.bus.publish({ type: "job.changed", job: this.toJob(row) });
  }
}
