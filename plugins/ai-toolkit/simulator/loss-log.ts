import { Database } from "bun:sqlite";

const flushEveryMs = 250;

/** Writes `loss_log.db` as the real logger: WAL, at most four flushes a second, later steps of an earlier run removed. */
export class LossLog {
  readonly #db: Database;
  #pending: Array<{ step: number; time: number; values: Readonly<Record<string, number>> }> = [];
  #flushedAt = Date.now();
  #first = true;

  constructor(path: string) {
    this.#db = new Database(path, { create: true });
    this.#db.run("PRAGMA journal_mode = WAL");
    this.#db.run("PRAGMA synchronous = NORMAL");
    this.#db.run("PRAGMA foreign_keys = ON");
    this.#db.run("CREATE TABLE IF NOT EXISTS steps (step INTEGER PRIMARY KEY, wall_time REAL NOT NULL)");
    this.#db.run("CREATE TABLE IF NOT EXISTS metric_keys (key TEXT PRIMARY KEY, first_seen_step INTEGER, last_seen_step INTEGER)");
    this.#db.run(`CREATE TABLE IF NOT EXISTS metrics (step INTEGER NOT NULL, key TEXT NOT NULL, value_real REAL, value_text TEXT,
      PRIMARY KEY (step, key), FOREIGN KEY (step) REFERENCES steps(step) ON DELETE CASCADE)`);
    this.#db.run("CREATE INDEX IF NOT EXISTS idx_metrics_key_step ON metrics (key, step)");
  }

  commit(step: number, values: Readonly<Record<string, number>>): void {
    if (this.#first) {
      this.#db.run("DELETE FROM steps WHERE step > ?", [step]);
      this.#first = false;
    }
    this.#pending.push({ step, time: Date.now() / 1000, values });
    if (Date.now() - this.#flushedAt >= flushEveryMs) this.#flush();
  }

  finish(): void {
    this.#flush();
    this.#db.close();
  }

  #flush(): void {
    this.#db.transaction(() => {
      for (const { step, time, values } of this.#pending) {
        this.#db.run("INSERT INTO steps VALUES (?, ?) ON CONFLICT(step) DO UPDATE SET wall_time = excluded.wall_time", [step, time]);
        for (const [key, value] of Object.entries(values)) {
          this.#db.run(`INSERT INTO metric_keys VALUES (?1, ?2, ?2) ON CONFLICT(key) DO UPDATE SET
            first_seen_step = MIN(first_seen_step, excluded.first_seen_step),
            last_seen_step = MAX(last_seen_step, excluded.last_seen_step)`, [key, step]);
          this.#db.run(`INSERT INTO metrics VALUES (?, ?, ?, NULL)
            ON CONFLICT(step, key) DO UPDATE SET value_real = excluded.value_real`, [step, key, value]);
        }
      }
    })();
    this.#pending = [];
    this.#flushedAt = Date.now();
  }
}
