import type { Database } from "bun:sqlite";
import type { MetricSeries } from "../contract/job.ts";
import type { Bus } from "../events/bus.ts";

export type MetricPoint = readonly [step: number, value: number];

/** Points of one series that are given out; a longer one is thinned evenly and keeps its last point. */
export const seriesLimit = 20_000;

/** Series of numbers of a job, keyed by (job, key, step). */
export class Metrics {
  private readonly telemetry: Database;
  private readonly bus: Bus;

  constructor(deps: { telemetry: Database; bus: Bus }) {
    this.telemetry = deps.telemetry;
    this.bus = deps.bus;
  }

  /** Publishes only what is new or changed. Points that are no numbers (a loss of NaN) are left out. */
  put(jobId: string, key: string, points: readonly MetricPoint[]): void {
    const usable = points.filter(([step, value]) => Number.isSafeInteger(step) && Number.isFinite(value));
    if (usable.length === 0) return;
    const upsert = this.telemetry.query<{ step: number }, [string, string, number, number]>(
      `insert into metric (job_id, key, step, value) values (?, ?, ?, ?)
       on conflict (job_id, key, step) do update set value = excluded.value where value <> excluded.value returning step`,
    );
    const changed: Array<[number, number]> = [];
    this.telemetry.transaction(() => {
      for (const [step, value] of usable) if (upsert.get(jobId, key, step, value) !== null) changed.push([step, value]);
    })();
    if (changed.length > 0) this.bus.publish({ type: "job.metrics", jobId, key, points: changed });
  }

  /** Forgets what came after this step, in every series: the work went on from there once more. */
  undo(jobId: string, afterStep: number): void {
    const undone = this.telemetry.query("delete from metric where job_id = ? and step > ?").run(jobId, afterStep).changes;
    if (undone > 0) this.bus.publish({ type: "job.metrics-undone", jobId, afterStep });
  }

  remove(jobId: string): void {
    this.telemetry.query("delete from metric where job_id = ?").run(jobId);
  }

  /** Ascending by step, series in the order of their keys. */
  series(jobId: string): MetricSeries[] {
    const keys = this.telemetry
      .query<{ key: string; count: number }, [string]>("select key, count(*) as count from metric where job_id = ? group by key order by key")
      .all(jobId);
    return keys.map(({ key, count }) => ({ key, points: this.points(jobId, key, Math.ceil(count / seriesLimit), count) }));
  }

  private points(jobId: string, key: string, stride: number, count: number): Array<[number, number]> {
    return this.telemetry
      .query<{ step: number; value: number }, [string, string, number, number]>(
        `select step, value from (
           select step, value, row_number() over (order by step) as place from metric where job_id = ? and key = ?
         ) where place % ? = 0 or place = ? order by step`,
      )
      .all(jobId, key, stride, count)
      .map(({ step, value }) => [step, value]);
  }
}
