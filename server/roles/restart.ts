import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Paths } from "../files/paths.ts";
import type { Sessions } from "../db/sessions.ts";
import { self } from "../base/identity.ts";

interface KeptSession {
  readonly hash: string;
  readonly label: string;
}

/**
 * Becomes a fresh start of the same program: same process id, same port, nothing of the old state. Files that were open
 * are closed by the system, their locks with them.
 */
export function restartInPlace(flags: readonly string[], port: number): never {
  const words = [...self, ...flags, "--no-open", "--port", String(port)];
  process.execve!(self[0]!, words, process.env as Record<string, string>);
  throw new Error("The program could not be started again in place.");
}

/** Whoever is logged in stays so over the restart. Only hashes are written. */
export function keepSessions(paths: Paths, sessions: readonly KeptSession[]): void {
  try {
    writeFileSync(fileOf(paths), JSON.stringify(sessions), { mode: 0o600 });
  } catch {
    // The disk refuses: the person logs in again, with the link or the token.
  }
}

export function takeSessions(paths: Paths, sessions: Sessions): void {
  try {
    if (!existsSync(fileOf(paths))) return;
    const kept = JSON.parse(readFileSync(fileOf(paths), "utf8")) as KeptSession[];
    rmSync(fileOf(paths), { force: true });
    for (const { hash, label } of kept) if (!sessions.see(hash)) sessions.add(hash, label);
  } catch {
    // Cut off or unreadable: the same as without it.
  }
}

function fileOf(paths: Paths): string {
  return join(paths.data, "run", "sessions.json");
}
