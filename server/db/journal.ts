import { Database } from "bun:sqlite";
import { closeSync, fsyncSync, openSync, readSync, rmSync, statSync, writeSync } from "node:fs";

/** Two bytes of the header say which journal a database wants: 1 rollback, 2 write-ahead. Source: SQLite's file format. */
export const formatAt = 18;
export const rollbackFormat = [1, 1] as const;

/** How the file was left. False for a new one. Only while nobody of this process has it open. */
export function wantsWal(path: string): boolean {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) < 100) return false;
  const fd = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(2);
    readSync(fd, bytes, 0, 2, formatAt);
    return bytes[0] === 2 && bytes[1] === 2;
  } finally {
    closeSync(fd);
  }
}

/**
 * Tried on a small file beside it: SQLite writes into the header before it finds out that it cannot make the journal,
 * and then the database could not be opened at all.
 */
export function keepsWal(path: string): boolean {
  const trial = `${path}-trial`;
  try {
    const db = new Database(trial, { create: true });
    try {
      db.run("pragma locking_mode = exclusive");
      db.run("pragma journal_mode = wal");
      db.run("create table trial (a)");
      return statSync(`${trial}-wal`).size > 0;
    } finally {
      db.close();
    }
  } catch {
    return false; // why does not matter: the other journal is tried next, and says so when that fails too
  } finally {
    for (const end of ["", "-wal", "-journal", "-shm"]) rmSync(trial + end, { force: true });
  }
}

/** A database that came from a volume with a write-ahead log to one without. Only when its log is empty; else false. */
export function leaveWal(path: string): boolean {
  if ((statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) return false;
  const fd = openSync(path, "r+");
  try {
    writeSync(fd, Buffer.from(rollbackFormat), 0, 2, formatAt);
    fsyncSync(fd);
    return true;
  } finally {
    closeSync(fd);
  }
}
