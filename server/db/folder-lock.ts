import { Database } from "bun:sqlite";
import { rmSync } from "node:fs";
import { codeOf, DataInUse } from "./data-problem.ts";

const waitMs = 300;

/** Held by whoever may touch the databases of a folder: a server, also one on hold, or a command that works without one. */
export interface FolderLock {
  release(): void;
}

/**
 * A lock of its own, because a damaged database cannot be locked. The system drops it when the process ends, however it
 * ends. Throws DataInUse while another process has it. Null: this volume knows no locks.
 */
export function lockFolder(path: string): FolderLock | null {
  try {
    return hold(path);
  } catch (error) {
    const code = codeOf(error);
    if (/^SQLITE_(BUSY|LOCKED)/.test(code)) throw new DataInUse(path);
    if (!/^SQLITE_(NOTADB|CORRUPT)/.test(code)) return null;
    // Nothing is ever written into it: what is in there came from elsewhere, and nobody can hold it.
    rmSync(path, { force: true });
    return hold(path);
  }
}

function hold(path: string): FolderLock {
  const db = new Database(path, { create: true });
  try {
    db.run(`pragma busy_timeout = ${waitMs}`);
    db.run("begin exclusive");
  } catch (error) {
    db.close();
    throw error;
  }
  return { release: () => db.close() };
}
