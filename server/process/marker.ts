import { readdirSync, readFileSync } from "node:fs";
import { identify, isRunning } from "./identity.ts";
import type { ProcessIdentity } from "./identity.ts";

/** Every child carries its run in this variable, and hands it down to whatever it starts. */
export const runMark = "ISENGARD_RUN";

/**
 * All living processes of a run, whatever session or group they fled to. A process between fork and exec may be missed:
 * look again until two scans find nothing. Processes of other accounts cannot be looked into and are passed over.
 */
export function findMarked(runId: string): ProcessIdentity[] {
  const mark = Buffer.from(`\0${runMark}=${runId}\0`);
  const found: ProcessIdentity[] = [];
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid || !carries(pid, mark)) continue;
    const identity = identify(pid);
    if (identity && isRunning(identity)) found.push(identity);
  }
  return found;
}

function carries(pid: number, mark: Buffer): boolean {
  try {
    return Buffer.concat([zero, readFileSync(`/proc/${pid}/environ`), zero]).includes(mark);
  } catch {
    // Gone meanwhile, or of another account: not a process of ours.
    return false;
  }
}

const zero = Buffer.from([0]);
