import type { Database } from "bun:sqlite";
import type { FailureCounts } from "../../contract/job.ts";

const days = 30;
const dayMs = 24 * 60 * 60_000;
const shown = 5;
const unknown = "unknown";
/** Ends of an attempt that are no failure: giving way to pictures, and a person's retry. */
const noFailure = JSON.stringify(["paused", "again"]);

/**
 * Each failed attempt counts, also when the job was tried again later: what was got over is still a fault. A job that a
 * person deletes takes its history along. Steps of before classes were written to them take the class from the job.
 */
export function countFailures(db: Database, nowMs = Date.now()): FailureCounts {
  const since = new Date(nowMs - days * dayMs).toISOString();
  const classes = db
    .query<{ code: string; failed: number; retried: number }, [string, string, string]>(
      `select coalesce(step.code, json_extract(job.failure, '$.code'), ?3) as code,
         count(*) filter (where step.to_state = 'failed') as failed, count(*) filter (where step.to_state = 'interrupted') as retried
       from job_event as step join job on job.id = step.job_id
       where step.at >= ?1 and (step.to_state = 'failed'
         or (step.to_state = 'interrupted' and step.code is not null and step.code not in (select value from json_each(?2))))
       group by 1 order by count(*) desc, 1`,
    )
    .all(since, noFailure, unknown);
  const sum = (rows: typeof classes) => rows.reduce((all, { failed, retried }) => all + failed + retried, 0);
  return {
    days, classes, total: sum(classes), unknown: sum(classes.filter(({ code }) => code === unknown)),
    notUnderstood: db
      .query<{ jobId: string; title: string; at: string }, [string, string, number]>(
        `select id as jobId, title, finished_at as at from job
         where state = 'failed' and removed_at is null and finished_at >= ? and json_extract(failure, '$.code') = ? order by finished_at desc limit ?`,
      )
      .all(since, unknown, shown),
  };
}
