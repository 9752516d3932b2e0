import type { Database } from "bun:sqlite";

/** Without a request for so long a session has ended, whatever its browser still believes; `session.ts` gives the cookie the same. */
export const sessionDays = 30;
const dayMs = 86_400_000;
const touchEveryMs = 3_600_000;

/** Browser sessions. Only hashes are kept, so a stolen database opens nothing. */
export class Sessions {
  private readonly insert;
  private readonly select;
  private readonly touch;
  private readonly drop;
  private readonly dropAll;
  private readonly prune;
  private readonly everyone;

  constructor(db: Database) {
    this.insert = db.query("insert into session (token_hash, created_at, last_seen_at, label) values (?1, ?2, ?2, ?3)");
    this.select = db.query<{ last_seen_at: string }, [string]>("select last_seen_at from session where token_hash = ?");
    this.touch = db.query("update session set last_seen_at = ?2 where token_hash = ?1");
    this.drop = db.query("delete from session where token_hash = ?");
    this.dropAll = db.query("delete from session");
    this.everyone = db.query<{ hash: string; label: string }, []>("select token_hash as hash, label from session limit 1000");
    this.prune = db.query("delete from session where last_seen_at < ?");
  }

  /** `label` is what a person would recognise the browser by; cut to 120 characters. */
  add(hash: string, label: string): void {
    this.insert.run(hash, new Date().toISOString(), label.slice(0, 120));
  }

  /** True while the session is open. Its time is written at most once an hour. */
  see(hash: string): boolean {
    const row = this.select.get(hash);
    if (row === null) return false;
    const unseenMs = Date.now() - Date.parse(row.last_seen_at);
    if (!(unseenMs <= sessionDays * dayMs)) return false;
    if (unseenMs > touchEveryMs) this.touch.run(hash, new Date().toISOString());
    return true;
  }

  remove(hash: string): void {
    this.drop.run(hash);
  }

  removeAll(): void {
    this.dropAll.run();
  }

  /** Those that are open, for a restart that begins with another database. */
  all(): Array<{ hash: string; label: string }> {
    return this.everyone.all();
  }

  forgetExpired(): void {
    this.prune.run(new Date(Date.now() - sessionDays * dayMs).toISOString());
  }
}
