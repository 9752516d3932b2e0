import type { Database } from "bun:sqlite";
import type { FailureCounts, Job, JobState } from "../../contract/job.ts";
import type { Mode } from "../../contract/system.ts";
import type { Bus } from "../../events/bus.ts";
import type { Log } from "../../base/log.ts";
import { countFailures } from "./failure-counts.ts";
import type { JobNotes } from "./notes.ts";
import { JobOrder, type Slot } from "./order.ts";
import type { JobRow, JobStep } from "./rows.ts";
import { activeStates } from "./states.ts";
import { JobTable } from "./table.ts";

export interface JobFilter {
  readonly kind?: Job["kind"];
  readonly characterId?: string;
  readonly states?: readonly JobState[];
  readonly limit: number;
  /** Id of a job: only older ones are listed. */
  readonly before?: string;
}

const listLimit = 500;
/** From so many of the newest jobs of a kind that ended well it is told how long one takes. */
const usualOf = 10;
export const actives = JSON.stringify(activeStates);

/** The SQL that only looks at jobs. Methods throw only what SQLite throws. */
export class JobReads {
  /** What a running attempt leaves behind; shared by all who write it. */
  readonly notes: JobNotes;
  protected readonly table: JobTable;

  constructor(db: Database, bus: Bus, log: Log, runId: string) {
    this.table = new JobTable(db, bus, log, runId);
    this.notes = this.table.notes;
  }

  /** The row as it is stored; null where there is none, or where it was removed. */
  row(id: string): JobRow | null {
    return this.table.row(id);
  }

  get(id: string): Job | null {
    const row = this.table.row(id);
    return row ? this.notes.toJob(row) : null;
  }

  /** Newest first. */
  list(filter: JobFilter): Job[] {
    return this.table.db
      .query<JobRow, Record<string, string | number | null>>(
        `select * from job
         where removed_at is null and ($kind is null or kind = $kind) and ($character is null or character_id = $character)
           and ($states is null or state in (select value from json_each($states)))
           and ($before is null or seq < (select seq from job where id = $before))
         order by seq desc limit $limit`,
      )
      .all({
        kind: filter.kind ?? null,
        character: filter.characterId ?? null,
        states: filter.states ? JSON.stringify(filter.states) : null,
        before: filter.before ?? null,
        limit: Math.max(1, Math.min(filter.limit, listLimit)),
      })
      .map((row) => this.notes.toJob(row));
  }

  /** Also of a job that was deleted. */
  knows(id: string): boolean {
    return this.table.db.query("select 1 from job where id = ?").get(id) !== null;
  }

  // `finished_at is null` lets SQLite use the index of open jobs: thousands of ended ones then cost nothing.

  /** Queued jobs in the order in which they will be claimed. */
  queued(limit: number): JobRow[] {
    return this.rows("select * from job where finished_at is null and state = 'queued' order by priority desc, position, seq limit ?", limit);
  }

  /** Queued jobs whose sentence speaks of what stands before them. */
  explained(): string[] {
    return this.table.db
      .query<{ id: string }, []>(
        `select id from job where finished_at is null and state = 'queued' and not_before is null and waiting is not null
           and json_valid(waiting) and waiting ->> '$.code' in ('gpu', 'queue')`,
      )
      .all()
      .map(({ id }) => id);
  }

  /** Open jobs that hold or held a lease when the last server ended: at most one in each lane. */
  activeRows(): JobRow[] {
    return this.rows("select * from job where finished_at is null and state in (select value from json_each(?)) order by seq", actives);
  }

  /** How many jobs of a mode have not ended. */
  openIn(mode: Mode | null): number {
    if (mode === null) return 0;
    return this.table.db
      .query<{ n: number }, [number]>("select count(*) as n from job where finished_at is null and coalesce(simulated, ?1) = ?1")
      .get(Number(mode === "fast-test"))!.n;
  }

  active(): Job[] {
    return this.activeRows().map((row) => this.notes.toJob(row));
  }

  /** Open jobs in one state, in the order of submission. */
  inState(state: JobState): Job[] {
    return this.rows("select * from job where finished_at is null and state = ? order by seq", state).map((row) => this.notes.toJob(row));
  }

  history(id: string, afterSeq = 0): JobStep[] {
    return this.table.history(id, afterSeq);
  }

  /** Everything that waits, in the order in which it will be claimed. */
  line(): Slot[] {
    return new JobOrder(this.table).line();
  }

  /** The middle of what the newest jobs of the kind took in the same mode, in seconds: a simulator tells nothing about a GPU. */
  usualSeconds(kind: Job["kind"], simulated: boolean): number | null {
    const rows = this.table.db
      .query<{ seconds: number }, [string, number, number]>(
        `select (julianday(finished_at) - julianday(started_at)) * 86400 as seconds from job
         where kind = ? and simulated = ? and state = 'succeeded' and started_at is not null order by seq desc limit ?`,
      )
      .all(kind, Number(simulated), usualOf)
      .map(({ seconds }) => Math.max(0, Math.round(seconds)))
      .sort((a, b) => a - b);
    return rows[Math.floor(rows.length / 2)] ?? null;
  }

  /** Failed attempts by class, of the last days. */
  failures(): FailureCounts {
    return countFailures(this.table.db);
  }

  /** Counts and depths in the text format of Prometheus. */
  metrics(): string {
    return this.table.counters.text(this.table);
  }

  private rows(sql: string, value: string | number): JobRow[] {
    return this.table.db.query<JobRow, [string | number]>(sql).all(value);
  }
}
