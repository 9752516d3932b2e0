import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";

let count = 0;

/** A name beside `path` that no other process and no other call uses. */
export function ownPart(path: string): string {
  return `${path}.${process.pid}-${(count += 1)}.part`;
}

/**
 * Writes something small at once: a reader sees the old content or the new, never a mixture, also where two processes write
 * at the same time. Synced unless it is written again and again anyway. When it fails nothing is left beside it.
 */
export function writeWhole(path: string, text: string, { isSynced = true } = {}): void {
  const part = ownPart(path);
  try {
    const fd = openSync(part, "wx", 0o600);
    try {
      writeFileSync(fd, text);
      if (isSynced) fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}
