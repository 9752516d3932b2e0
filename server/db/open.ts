import { Database } from "bun:sqlite";
import { keepsWal, leaveWal, wantsWal } from "./journal.ts";

export interface Databases {
  /** Jobs and everything a person made; a commit survives a power cut. */
  readonly state: Database;
  /** Series and other bulk; may lose its last moments in a power cut, never its shape. */
  readonly telemetry: Database;
}

/** State never loses an acknowledged row (FULL); telemetry trades that for speed (NORMAL). */
export type Durability = "FULL" | "NORMAL";

/** The WAL-reset bug was fixed in 3.51.3 (sqlite.org/changes.html). */
const oldestSqlite = [3, 51, 3] as const;

/**
 * One connection per file and process. Exclusive locking before WAL needs no shared memory, so it also works on network
 * volumes, and makes a second server fail at once. Where the volume cannot keep a WAL, a rollback journal is used:
 * ten times slower, as safe. Throws SQLITE_BUSY when another process holds the file.
 *
 * Nothing else of this process may open the file: closing it there would drop the locks of this connection.
 */
export function openDatabase(path: string, durability: Durability): Database {
  const wasWal = wantsWal(path);
  if (!wasWal && !keepsWal(path)) return open(path, durability, "delete");
  try {
    return open(path, durability, "wal");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const isAboutJournal = /^SQLITE_(IOERR|CANTOPEN|PROTOCOL|NOLFS)/.test(code);
    if (isAboutJournal && wasWal && !keepsWal(path) && leaveWal(path)) return open(path, durability, "delete");
    throw error;
  }
}

function open(path: string, durability: Durability, journal: "wal" | "delete"): Database {
  const db = new Database(path, { create: true, strict: true });
  try {
    assertVersion(db);
    db.run("pragma busy_timeout = 1000");
    db.run("pragma locking_mode = exclusive");
    db.run(`pragma journal_mode = ${journal}`);
    db.run(`pragma synchronous = ${durability}`);
    db.run("pragma foreign_keys = on");
    // What was deleted or changed is written over, not only unlinked: names and captions of people lie in these rows.
    db.run("pragma secure_delete = on");
    db.run("pragma journal_size_limit = 67108864");
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Which journal the database really has now. */
export function journalOf(db: Database): string {
  return read<{ journal_mode: string }>(db, "pragma journal_mode").journal_mode;
}

function assertVersion(db: Database): void {
  const { version } = read<{ version: string }>(db, "select sqlite_version() as version");
  const parts = version.split(".").map(Number);
  const older = oldestSqlite.findIndex((wanted, index) => parts[index] !== wanted);
  if (older >= 0 && (parts[older] ?? 0) < oldestSqlite[older]!) {
    throw new Error(`SQLite ${version} has a known fault that loses pages; at least ${oldestSqlite.join(".")} is needed.`);
  }
}

/** A statement that stays open would keep the file locked after `close`. */
function read<Row>(db: Database, sql: string): Row {
  const statement = db.prepare<Row, []>(sql);
  try {
    return statement.get()!;
  } finally {
    statement.finalize();
  }
}
