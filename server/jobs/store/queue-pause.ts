import type { Database } from "bun:sqlite";
import type { QueuePause } from "../../contract/job.ts";
import type { Bus } from "../../events/bus.ts";

const key = "queue.paused";

/** Whether the whole queue rests; kept over restarts. What runs goes on, nothing new begins. */
export class PauseState {
  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
  ) {}

  paused(): QueuePause | null {
    const row = this.db.query<{ value: string }, [string]>("select value from setting where key = ?").get(key);
    return row === null ? null : (JSON.parse(row.value) as QueuePause | null);
  }

  /** Durable when it returns. Pausing twice keeps the first time, and the newer reason. */
  pause(reason: string): QueuePause {
    const pause = { reason, since: this.paused()?.since ?? new Date().toISOString() };
    this.save(pause);
    return pause;
  }

  resume(): void {
    if (this.paused() !== null) this.save(null);
  }

  private save(paused: QueuePause | null): void {
    this.db
      .query("insert into setting (key, value) values (?, ?) on conflict (key) do update set value = excluded.value")
      .run(key, JSON.stringify(paused));
    this.bus.publish({ type: "queue.changed", paused });
  }
}
