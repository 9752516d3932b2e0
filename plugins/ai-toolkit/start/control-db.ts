import { Database } from "bun:sqlite";
import { existsSync, renameSync, rmSync } from "node:fs";

/** The row as the trainer last wrote it. It writes texts; numbers are read from them. */
export interface ControlState {
  readonly status: string;
  /** Phase in words while running, the error's text after a failure. */
  readonly info: string;
  readonly step: number;
  readonly speed: string;
}

/** How long to wait for the trainer's own short writes. */
const busyTimeoutMs = 2000;

/**
 * Makes the private control database that turns on AI-Toolkit's status channel: the nine columns that the trainer
 * touches. The journal is a plain file, because the trainer opens a new connection for every write and a WAL of a
 * killed process would stay behind. Called again it leaves an existing database alone.
 */
export function createControlDb(path: string, jobId: string): void {
  if (existsSync(path)) return;
  // Under another name until it is whole: a server that is killed in between must not leave a file without its table.
  const draft = `${path}.draft`;
  rmSync(draft, { force: true });
  const db = new Database(draft, { create: true });
  try {
    db.run("PRAGMA journal_mode = DELETE");
    db.run(`CREATE TABLE IF NOT EXISTS Job (id TEXT PRIMARY KEY, status TEXT, info TEXT, step TEXT, speed_string TEXT,
      stop INTEGER DEFAULT 0, return_to_queue INTEGER DEFAULT 0, save_now INTEGER DEFAULT 0, sample_now INTEGER DEFAULT 0)`);
    db.run("INSERT OR IGNORE INTO Job (id, status, info, step, speed_string) VALUES (?, 'queued', '', '0', '')", [jobId]);
  } finally {
    db.close();
  }
  renameSync(draft, path);
}

/** null while the file is missing, locked or of another shape: the next look will tell. */
export function readControl(path: string, jobId: string): ControlState | null {
  return withDb(path, { readonly: true }, (db) => {
    const row = db.query<Record<string, unknown>, [string]>("SELECT status, info, step, speed_string FROM Job WHERE id = ?").get(jobId);
    if (row === null) return null;
    const step = Math.max(0, Math.trunc(Number(row.step)) || 0);
    return { status: text(row.status), info: text(row.info), step, speed: text(row.speed_string) };
  });
}

/** Sets a flag that the trainer looks at after every step. Returns whether it was written. */
export function askTrainer(path: string, jobId: string, flag: "stop" | "save_now"): boolean {
  return withDb(path, { readwrite: true }, (db) => {
    db.run(`UPDATE Job SET ${flag} = 1 WHERE id = ?`, [jobId]);
    return true;
  }) ?? false;
}

/** Whether a flag is set and the trainer has not taken it yet; also while the file cannot be read: it is asked again. */
export function isAsked(path: string, jobId: string, flag: "stop" | "save_now"): boolean {
  return withDb(path, { readonly: true }, (db) => {
    const row = db.query<Record<string, unknown>, [string]>(`SELECT ${flag} AS flag FROM Job WHERE id = ?`).get(jobId);
    return Number(row?.flag ?? 0) !== 0;
  }) ?? true;
}

function withDb<T>(path: string, mode: { readonly: true } | { readwrite: true }, use: (db: Database) => T): T | null {
  if (!existsSync(path)) return null;
  let db: Database | null = null;
  try {
    db = new Database(path, mode);
    db.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    return use(db);
  } catch {
    // The trainer may hold the lock or die in the middle of a write; this is a look, and it is repeated.
    return null;
  } finally {
    db?.close();
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : value === null || value === undefined ? "" : String(value);
}
