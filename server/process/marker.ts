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
  const found: ProcessIdentity[] = [];
  for (const pid of pids()) {
    if (markOf(pid) !== runId) continue;
    const identity = identify(pid);
    if (identity && isRunning(identity)) found.push(identity);
  }
  return found;
}

/** The runs of all living marked processes on this machine, also those of another Isengard. */
export function findMarks(): Set<string> {
  const found = new Set<string>();
  for (const pid of pids()) {
    const mark = markOf(pid);
    const identity = mark === null ? null : identify(pid);
    if (mark !== null && identity && isRunning(identity)) found.add(mark);
  }
  return found;
}

export interface HolderProcess {
  readonly identity: ProcessIdentity;
  readonly dir: string;
}

/** The living holders on this machine, by the run folder in their command. They carry no mark: it is for the child. */
export function findHolders(): HolderProcess[] {
  const found: HolderProcess[] = [];
  for (const pid of pids()) {
    const args = textOf(pid, "cmdline").split("\0").slice(0, -1);
    const identity = args.at(-2) === "hold" ? identify(pid) : null;
    if (identity && isRunning(identity)) found.push({ identity, dir: args.at(-1)! });
  }
  return found;
}

function pids(): number[] {
  return readdirSync("/proc").map(Number).filter((pid) => Number.isInteger(pid) && pid !== process.pid);
}

/** Empty when the process is gone meanwhile, or of another account. */
function textOf(pid: number, file: "environ" | "cmdline"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

/** Searched as one text: a machine may have thousands of processes with hundreds of variables each. */
function markOf(pid: number): string | null {
  const text = `\0${textOf(pid, "environ")}`;
  const key = `\0${runMark}=`;
  const at = text.indexOf(key);
  return at < 0 ? null : text.slice(at + key.length).split("\0", 1)[0]!;
}
