import { Database } from "bun:sqlite";

export interface Databases {
  /** Jobs and everything a person made; a commit survives a power cut. */
  readonly state: Database;
  /** Series and other bulk; may lose its last moments in a power cut, never its shape. */
  readonly telemetry: Database;
}

/** State never loses an acknowledged row (FULL); telemetry trades that for speed (NORMAL). */
export type Durability = "FULL" | "NORMAL";

/** The WAL-reset bug was fixed in 3.51.3; see `references/reliability-security.md` 1.5. */
const oldestSqlite = [3, 51, 3] as const;

/**
 * One connection per file and process. Exclusive locking before WAL needs no shared memory, so it also works on network
 * volumes, and makes a second server fail at once. Throws SQLITE_BUSY when another process holds the file.
 */
export function openDatabase(path: string, durability: Durability): Database {
  const db = new Database(path, { create: true, strict: true });
  assertVersion(db);
  db.run("pragma busy_timeout = 1000");
  db.run("pragma locking_mode = exclusive");
  db.run("pragma journal_mode = wal");
  db.run(`pragma synchronous = ${durability}`);
  db.run("pragma foreign_keys = on");
  db.run("pragma journal_size_limit = 67108864");
  return db;
}

function assertVersion(db: Database): void {
  const { version } = db.query<{ version: string }, []>("select sqlite_version() as version").get()!;
  const parts = version.split(".").map(Number);
  const older = oldestSqlite.findIndex((wanted, index) => parts[index] !== wanted);
  if (older >= 0 && (parts[older] ?? 0) < oldestSqlite[older]!) {
    throw new Error(`SQLite ${version} has a known fault that loses pages; at least ${oldestSqlite.join(".")} is needed.`);
  }
}
