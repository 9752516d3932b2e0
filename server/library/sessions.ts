import type { Database } from "bun:sqlite";

/** Browser sessions. Only hashes are kept, so a stolen database opens nothing. */
export class Sessions {
  private readonly insert;
  private readonly select;
  private readonly touch;
  private readonly drop;
  private readonly prune;
  private readonly everyone;

  constructor(db: Database) {
    this.insert = db.query("insert into session (token_hash, created_at, last_seen_at, label) values (?1, ?2, ?2, ?3)");
    this.select = db.query<{ last_seen_at: string }, [string]>("select last_seen_at from session where token_hash = ?");
    this.touch = db.query("update session set last_seen_at = ?2 where token_hash = ?1");
    this.drop = db.query("delete from session where token_hash = ?");
    this.everyone = db.query<{ hash: string; label: string }, []>("select token_hash as hash, label from session limit 1000");
    this.prune = db.query("delete from session where last_seen_at < ?");
  }

  /** `label` is what a person would recognise the browser by; cut to 120 characters. */
  add(hash: string, label: string): void {
    this.insert.run(hash, new Date().toISOString(), label.slice(0, 120));
  }

  /** True when the session exists. Its time is written at most once an hour. */
  see(hash: string): boolean {
    const row = this.select.get(hash);
    if (row === null) return false;
    if (Date.now() - Date.parse(row.last_seen_at) > 3_600_000) this.touch.run(hash, new Date().toISOString());
    return true;
  }

  remove(hash: string): void {
    this.drop.run(hash);
  }

  /** Those that are open, for a restart that begins with another database. */
  all(): Array<{ hash: string; label: string }> {
    return this.everyone.all();
  }

  /** Forgets sessions that were not seen for this many days. */
  forgetOlderThan(days: number): void {
    this.prune.run(new Date(Date.now() - days * 86_400_000).toISOString());
  }
}
