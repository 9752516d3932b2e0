import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { Paths } from "./paths.ts";

/** Whether a folder that was made for its owner alone really is closed to others. */
export type KeepsModes = (folder: string) => boolean;

/**
 * Secrets lie with the data. Where that volume shows every file to everybody, they move to the disk of this machine or
 * container: a new access token, because the old one may have been read, and the person's own token of Hugging Face.
 */
export function withPrivateSecrets(paths: Paths, keepsModes: KeepsModes = isPrivate, home: string = homedir()): Paths {
  const folder = dirname(paths.tokenFile);
  if (!existsSync(folder) || keepsModes(folder)) return paths;
  const own = join(home, ".isengard", new Bun.CryptoHasher("sha256").update(paths.root).digest("hex").slice(0, 16));
  const moved = { ...paths, tokenFile: join(own, "token"), hfTokenFile: join(own, "hf-token") };
  try {
    mkdirSync(own, { recursive: true, mode: 0o700 });
    if (existsSync(paths.hfTokenFile) && !existsSync(moved.hfTokenFile)) copyFileSync(paths.hfTokenFile, moved.hfTokenFile);
    for (const open of [paths.tokenFile, paths.hfTokenFile]) rmSync(open, { force: true });
    return moved;
  } catch {
    return paths; // no home that can be written to: a secret in the open is better than no way in
  }
}

function isPrivate(folder: string): boolean {
  if ((statSync(folder).mode & 0o077) === 0) return true;
  try {
    chmodSync(folder, 0o700);
  } catch {
    return false; // the volume knows no modes, or the folder is another user's
  }
  return (statSync(folder).mode & 0o077) === 0;
}
