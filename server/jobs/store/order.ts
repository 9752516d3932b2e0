import type { JobState } from "../../contract/job.ts";
import { isWaiting } from "./states.ts";
import type { JobRow } from "./rows.ts";
import type { JobTable } from "./table.ts";

/** Where a job is to stand: before or behind another one, or at a place in the whole line. */
export type Place = { readonly before: string } | { readonly after: string } | { readonly position: number };

export type Slot = Pick<JobRow, "id" | "priority" | "position" | "state" | "lane">;

/** The SQL of the order: priority first, then position. Positions are unique among waiting jobs, and only permuted. */
export class JobOrder {
  constructor(private readonly table: JobTable) {}

  /** Everything that waits, in the order in which it will be claimed. */
  line(): Slot[] {
    return this.table.db
      .query<Slot, []>(
        `select id, priority, position, state, lane from job
         where finished_at is null and state in ('queued', 'snoozed', 'interrupted') order by priority desc, position, seq`,
      )
      .all();
  }

  /** Takes over the priority of its new neighbours, for only then can it stand among them. */
  move(id: string, place: Place): "moved" | "missing" | "neighbour-missing" | JobState {
    return this.change(() => {
      const line = this.line();
      const from = line.findIndex((slot) => slot.id === id);
      if (from < 0) return this.table.row(id)?.state ?? "missing";
      const rest = line.toSpliced(from, 1);
      const at = indexOf(rest, place);
      if (at === null) return "neighbour-missing";
      this.insertAt(rest, at, line[from]!, neighbourOf(rest, at, place)?.priority ?? line[from]!.priority);
      return "moved";
    });
  }

  setPriority(id: string, priority: number): "moved" | "missing" | JobState {
    return this.change(() => {
      const row = this.table.row(id);
      if (row === null) return "missing";
      if (!isWaiting(row.state)) return row.state;
      this.table.db.query("update job set priority = ? where id = ?").run(priority, id);
      return "moved";
    });
  }

  /** Puts a waiting job in front of all, and behind it the running one that makes room for it. Inside a transaction. */
  putFirst(id: string, thenId: string | null): void {
    const line = this.line();
    const priority = Math.max(...line.map((slot) => slot.priority), ...(thenId === null ? [] : [this.table.row(thenId)?.priority ?? 0]));
    const first = Math.min(0, ...line.map((slot) => slot.position)) - 2;
    const set = this.table.db.query("update job set priority = ?, position = ? where id = ?");
    set.run(priority, first, id);
    if (thenId !== null) set.run(priority, first + 1, thenId);
  }

  /** Runs `work` in a transaction and tells of every job whose place is another afterwards. */
  change<T>(work: () => T): T {
    const changed: JobRow[] = [];
    const result = this.table.write(() => {
      const before = new Map(this.line().map((slot) => [slot.id, `${slot.priority}/${slot.position}`]));
      const done = work();
      for (const slot of this.line()) {
        if (before.get(slot.id) !== `${slot.priority}/${slot.position}`) changed.push(this.table.row(slot.id)!);
      }
      return done;
    });
    for (const row of changed) this.table.publish(row);
    return result;
  }

  /** The jobs of the same priority share their old positions and the moved one's, in the new order. */
  private insertAt(rest: readonly Slot[], at: number, moved: Slot, priority: number): void {
    const group = rest.filter((slot) => slot.priority === priority);
    const ahead = rest.slice(0, at).filter((slot) => slot.priority === priority).length;
    const order = group.toSpliced(ahead, 0, moved);
    const positions = order.map((slot) => slot.position).sort((a, b) => a - b);
    const set = this.table.db.query("update job set priority = ?, position = ? where id = ? and (priority <> ?1 or position <> ?2)");
    for (const [index, slot] of order.entries()) set.run(priority, positions[index]!, slot.id);
  }
}

function indexOf(rest: readonly Slot[], place: Place): number | null {
  if ("position" in place) return Math.min(place.position, rest.length);
  const at = rest.findIndex((slot) => slot.id === ("before" in place ? place.before : place.after));
  return at < 0 ? null : "before" in place ? at : at + 1;
}

/** Whose priority it takes: the named neighbour's, or at a place that of the job it pushes back, else of the last one. */
function neighbourOf(rest: readonly Slot[], at: number, place: Place): Slot | undefined {
  return "after" in place ? rest[at - 1] : rest[at] ?? rest.at(-1);
}
