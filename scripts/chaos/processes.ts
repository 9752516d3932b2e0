import { readdirSync, readFileSync } from "node:fs";

/** A process that belongs to the server under test. */
export interface Found {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
  /** Value of the mark that every child carries and hands down; null: the server itself or a holder. */
  readonly run: string | null;
}

const runMark = "ISENGARD_RUN=";

/**
 * All living processes that carry a mark of `isOurs`, or have the folder in their command. Worlds that are played side by
 * side share one look at the machine, not older than `maxAgeMs`: a look reads three files of every process.
 */
export function scan(folder: string, isOurs: (run: string) => boolean, maxAgeMs = 0): Found[] {
  if (last === null || maxAgeMs === 0 || performance.now() - last.at > maxAgeMs) last = { at: performance.now(), all: lookAtAll() };
  return last.all.filter((one) => one.command.includes(folder) || (one.run !== null && isOurs(one.run)));
}

let last: { readonly at: number; readonly all: readonly Found[] } | null = null;

function lookAtAll(): Found[] {
  const pids = readdirSync("/proc").map(Number).filter((pid) => Number.isInteger(pid) && pid !== process.pid);
  return pids.map(look).filter((one) => one !== null);
}

function look(pid: number): Found | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return null;
    const command = readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
    const mark = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").find((each) => each.startsWith(runMark));
    return { pid, parent: Number(fields[1]), command, run: mark?.slice(runMark.length) ?? null };
  } catch {
    // It ended while we looked, or belongs to another account.
    return null;
  }
}

export const isHolder = (one: Found): boolean => one.run === null && one.command.includes(" hold ");

/** Jobs mark their children with their own id, the supervisor its tools with that of a run. */
export const isOfTool = (run: string): boolean => run.startsWith("run-");

export function kill(pid: number): boolean {
  try {
    process.kill(pid, "SIGKILL");
    return true;
  } catch {
    // It ended by itself a moment ago.
    return false;
  }
}
