import type { Database } from "bun:sqlite";

/** Small values that a person chose in the page, by key. */
export class SavedSettings {
  private readonly db: Database;

  constructor(deps: { db: Database }) {
    this.db = deps.db;
  }

  get(key: string): string | null {
    return this.db.query<{ value: string }, [string]>("select value from setting where key = ?").get(key)?.value ?? null;
  }

  /** Durable when it returns. */
  set(key: string, value: string): void {
    this.db.query("insert into setting (key, value) values (?, ?) on conflict (key) do update set value = excluded.value").run(key, value);
  }

  all(): Record<string, string> {
    const rows = this.db.query<{ key: string; value: string }, []>("select key, value from setting order by key").all();
    return Object.fromEntries(rows.map(({ key, value }) => [key, value]));
  }
}
