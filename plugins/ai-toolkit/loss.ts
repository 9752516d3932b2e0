import { Database } from "bun:sqlite";
import { existsSync } from "node:fs";

/** Rows taken at one look; the rest comes at the next. */
const maxRows = 4000;
const busyTimeoutMs = 1000;

export type LossPoint = readonly [step: number, value: number];

/**
 * Reads what is new in AI-Toolkit's `loss_log.db`. It goes by the time of writing, not by step, because a resumed
 * training writes earlier steps again. Points are told twice where two rows share a time; that changes nothing.
 */
export class LossReader {
  readonly #path: string;
  #since = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Points by key, for example `loss/loss` and `learning_rate`. Empty while the database is missing or busy. */
  read(): Map<string, LossPoint[]> {
    const found = new Map<string, LossPoint[]>();
    if (!existsSync(this.#path)) return found;
    let db: Database | null = null;
    try {
      db = new Database(this.#path, { readonly: true });
      db.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
      const rows = db.query<{ step: number; key: string; value: number | null; time: number }, [number, number]>(
        `SELECT metrics.step AS step, key, value_real AS value, wall_time AS time FROM metrics
         JOIN steps ON steps.step = metrics.step WHERE wall_time > ? ORDER BY wall_time, metrics.step LIMIT ?`,
      ).all(this.#since, maxRows);
      for (const row of rows) {
        if (row.value === null || !Number.isFinite(row.value)) continue;
        const points = found.get(row.key) ?? [];
        points.push([row.step, row.value]);
        found.set(row.key, points);
      }
      // A full page may have been cut in the middle of a step: that step is read again.
      const last = rows.at(-1);
      if (last !== undefined) this.#since = rows.length < maxRows ? last.time : last.time - 1e-6;
    } catch {
      // The trainer creates the tables while we look, or holds the lock; the next look tells.
    } finally {
      db?.close();
    }
    return found;
  }
}
