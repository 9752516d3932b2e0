import { closeSync, fsyncSync, openSync } from "node:fs";

/** A rename survives a power cut only after its folder was synced. */
export function syncFolder(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } catch (error) {
    // Some network volumes cannot sync a folder; the rename itself has happened.
    if (!(error instanceof Error && "code" in error && ["EINVAL", "ENOTSUP", "EPERM"].includes(String(error.code)))) throw error;
  } finally {
    closeSync(fd);
  }
}
