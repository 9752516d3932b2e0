import { join } from "node:path";
import type { JobState } from "../../contract/job.ts";
import type { Paths } from "../../files/paths.ts";
import { Erasure } from "../../library/upkeep/erasure.ts";
import { isFinal } from "./states.ts";
import type { JobTable } from "./table.ts";

export type RemovalPaths = Pick<Paths, "root" | "jobs" | "jobLogs">;

/** The SQL of forgetting. Outputs and LoRAs are a person's own and stay; the files of a job are written down to go. */
export class JobRemoval {
  private readonly erasure: Erasure;

  constructor(private readonly table: JobTable, private readonly paths: RemovalPaths) {
    this.erasure = new Erasure({ db: table.db, paths });
  }

  /**
   * Only what has ended. A job whose pictures are kept leaves an empty row behind, which no list shows: the pictures
   * refer to it.
   */
  remove(id: string): "removed" | "missing" | JobState {
    const done = this.table.write(() => {
      const row = this.table.row(id);
      if (row === null) return "missing" as const;
      if (!isFinal(row.state)) return row.state;
      this.forgetParts(id);
      const isNamed = this.table.db.query("select 1 from output where job_id = ? limit 1").get(id) !== null;
      if (isNamed) this.table.db.query(emptied).run(new Date().toISOString(), id);
      else this.table.db.query("delete from job where id = ?").run(id);
      return "removed" as const;
    });
    if (done === "removed") this.table.bus.publish({ type: "job.removed", jobId: id });
    return done;
  }

  /** Ended jobs beyond the newest `kept` whose files are still there, oldest first. */
  withFilesBeyond(kept: number, limit: number): string[] {
    return this.table.db
      .query<{ id: string }, [number, number]>(
        `select id from (
           select id, finished_at from job where finished_at is not null and files_removed_at is null and removed_at is null
           order by finished_at desc limit -1 offset ?
         ) order by finished_at limit ?`,
      )
      .all(kept, limit)
      .map(({ id }) => id);
  }

  /** Written before the files go, so that nobody is offered what may be half gone. */
  filesRemoved(id: string): void {
    this.table.write(() => {
      this.noteFiles(id);
      this.table.db.query("delete from artifact where job_id = ?").run(id);
      this.table.db.query("delete from job_memory where job_id = ?").run(id);
      this.table.db.query("update job set files_removed_at = ? where id = ?").run(new Date().toISOString(), id);
    });
  }

  hasOpen(characterId: string): boolean {
    return this.table.db.query("select 1 from job where character_id = ? and finished_at is null limit 1").get(characterId) !== null;
  }

  /** Also those that were removed and left an empty row. */
  endedOf(characterId: string, limit: number): string[] {
    const ended = "select id from job where character_id = ? and finished_at is not null limit ?";
    return this.table.db.query<{ id: string }, [string, number]>(ended).all(characterId, limit).map(({ id }) => id);
  }

  /** An ended job with all rows, when no picture refers to it any more. Inside a transaction; told once that is over. */
  erase(id: string): void {
    this.forgetParts(id);
    this.table.db.query("delete from job where id = ?").run(id);
    queueMicrotask(() => this.table.bus.publish({ type: "job.removed", jobId: id }));
  }

  private forgetParts(id: string): void {
    this.noteFiles(id);
    for (const part of ["artifact", "job_memory", "job_event"]) this.table.db.query(`delete from ${part} where job_id = ?`).run(id);
  }

  private noteFiles(id: string): void {
    this.erasure.note([join(this.paths.jobs, id), join(this.paths.jobLogs, `${id}.jsonl`)]);
  }

  hasFiles(id: string): boolean {
    return this.table.db.query("select 1 from job where id = ? and files_removed_at is null and removed_at is null").get(id) !== null;
  }
}

const emptied = `
  update job set removed_at = ?, files_removed_at = coalesce(files_removed_at, finished_at), idempotency_key = null, idempotency_hash = null,
    request = '{}', frozen = '{}', progress = null, failure = null, waiting = null, warnings = '[]', results = '[]', title = '', subject = '' where id = ?`;
