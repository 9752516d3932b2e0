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
  #undoneAfter: number | null = null;
  #readToTheEnd = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Points by key, for example `loss/loss` (which may be NaN) and `learning_rate`. Empty while the database is missing or busy. */
  read(): Map<string, LossPoint[]> {
    const found = new Map<string, LossPoint[]>();
    this.#undoneAfter = null;
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
      const steps = new Set(rows.map((row) => row.step));
      this.#lookForUndone([...steps]);
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

  /**
   * What the last read has shown: the points after this step were undone, because a resumed training goes on from an
   * earlier step and AI-Toolkit removes what it had written after that. null: nothing was.
   */
  undoneAfter(): number | null {
    return this.#undoneAfter;
  }

  /** `steps` in the order of writing. */
  #lookForUndone(steps: readonly number[]): void {
    let before = this.#step;
    for (const step of steps) {
      if (step <= before) this.#undoneAfter = Math.min(step, this.#undoneAfter ?? step);
      before = step;
    }
    if (this.#readToTheEnd || steps.length === maxSteps || before < 0) return;
    // Whoever read it before us may know more than is left in it.
    this.#readToTheEnd = true;
    this.#undoneAfter = before;
  }
}
