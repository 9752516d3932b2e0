import type { JobState } from "../../contract/job.ts";
import { isFinal } from "./states.ts";
import type { JobRow } from "./rows.ts";
import type { JobTable } from "./table.ts";
import { isJobKind } from "../../shared/job-kinds.ts";

/** Numbers about jobs since this server began. Their labels are closed sets, so there is never more than a page of them. */
export class JobCounters {
  private readonly counts = new Map<string, number>();

  /** Each change of state counts once; so does each retry and each failure by its class, and each job that was taken over. */
  count(row: JobRow, from: JobState | null, code: string | null): void {
    const kind = kindOf(row);
    if (from === row.state) return this.add(`isengard_job_rescues_total{kind="${kind}"}`, 1);
    this.add(`isengard_job_transitions_total{kind="${kind}",to="${row.state}"}`, 1);
    if (row.state === "interrupted") this.add(`isengard_job_retries_total{class="${safe(code ?? "unknown")}"}`, 1);
    if (row.state === "failed") this.add(`isengard_job_failures_total{class="${safe(code ?? "unknown")}"}`, 1);
    if (!isFinal(row.state) || row.started_at === null || row.finished_at === null) return;
    const labels = `{kind="${kind}",end="${row.state}"}`;
    this.add(`isengard_job_run_seconds_sum${labels}`, Math.max(0, Date.parse(row.finished_at) - Date.parse(row.started_at)) / 1000);
    this.add(`isengard_job_run_seconds_count${labels}`, 1);
  }

  /** In the text format of Prometheus. */
  text(table: JobTable): string {
    const lines = [...this.counts].map(([name, value]) => `${name} ${value}`).sort();
    return `${[...lines, ...present(table)].join("\n")}\n`;
  }

  private add(name: string, value: number): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + value);
  }
}

function present(table: JobTable): string[] {
  const depths = table.db
    .query<{ state: string; n: number; oldest: string }, []>(
      "select state, count(*) as n, min(created_at) as oldest from job where finished_at is null group by state order by state",
    )
    .all();
  const waiting = depths.filter(({ state }) => state === "queued" || state === "snoozed").map(({ oldest }) => Date.parse(oldest));
  const age = waiting.length === 0 ? 0 : Math.max(0, Math.round((Date.now() - Math.min(...waiting)) / 1000));
  return [...depths.map(({ state, n }) => `isengard_queue_depth{state="${safe(state)}"} ${n}`), `isengard_queue_oldest_seconds ${age}`];
}

/** The labels are a closed set. */
function kindOf({ kind }: JobRow): string {
  return isJobKind(kind) ? kind : "unknown";
}

function safe(text: string): string {
  return text.replaceAll(/[^a-z_]/g, "_").slice(0, 40);
}
