import { Database } from "bun:sqlite";
import { existsSync } from "node:fs";

/** Steps taken at one look; the rest comes at the next. */
const maxSteps = 2000;
const busyTimeoutMs = 1000;

/** SQLite keeps “not a number” as null. */
const lossKey = "loss/loss";

export type LossPoint = readonly [step: number, value: number];

/**
 * Reads what is new in AI-Toolkit's `loss_log.db`. It goes by the time of writing, not by step, because a resumed
 * training writes earlier steps again.
 */
export class LossReader {
  readonly #path: string;
  #time = 0;
  #step = -1;

  constructor(path: string) {
    this.#path = path;
  }

  /** Points by key, for example `loss/loss` (which may be NaN) and `learning_rate`. Empty while the database is missing or busy. */
  read(): Map<string, LossPoint[]> {
    const found = new Map<string, LossPoint[]>();
    if (!existsSync(this.#path)) return found;
    let db: Database | null = null;
    try {
      db = new Database(this.#path, { readonly: true });
      db.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
      const rows = db.query<{ step: number; key: string; value: number | null; time: number }, [number, number]>(
        `SELECT fresh.step AS step, key, value_real AS value, wall_time AS time
         FROM (SELECT step, wall_time FROM steps WHERE wall_time > ?1 OR (wall_time = ?1 AND step > ?2)
               ORDER BY wall_time, step LIMIT ${maxSteps}) AS fresh
         JOIN metrics ON metrics.step = fresh.step ORDER BY wall_time, fresh.step`,
      ).all(this.#time, this.#step);
      for (const row of rows) {
        this.#time = row.time;
        this.#step = row.step;
        if (row.value === null && row.key !== lossKey) continue;
        const points = found.get(row.key) ?? [];
        points.push([row.step, row.value ?? NaN]);
        found.set(row.key, points);
      }
    } catch {
      // The trainer creates the tables while we look, or holds the lock; the next look tells.
    } finally {
      db?.close();
    }
    return found;
  }
}
