import { readFileSync } from "node:fs";

/**
 * Names one process for ever. A pid alone is given to a stranger sooner or later; the start time (clock ticks since
 * boot, field 22 of /proc/<pid>/stat) and the id of the boot tell them apart. Linux only.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly start: string;
  readonly bootId: string;
}

interface ProcessStat {
  readonly state: string;
  readonly group: number;
  readonly start: string;
}

let knownBootId: string | null = null;

export function bootId(): string {
  knownBootId ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return knownBootId;
}

/** null: there is no such process. A zombie is still found here, so that a child can be named before it is reaped. */
export function identify(pid: number): ProcessIdentity | null {
  const stat = readStat(pid);
  return stat ? { pid, start: stat.start, bootId: bootId() } : null;
}

/** Whether exactly this process still runs. A zombie does not run: it only waits to be collected by its parent. */
export function isRunning(identity: ProcessIdentity): boolean {
  if (identity.bootId !== bootId()) return false;
  const stat = readStat(identity.pid);
  return stat !== null && stat.start === identity.start && stat.state !== "Z" && stat.state !== "X";
}

export function isSame(one: ProcessIdentity, other: ProcessIdentity): boolean {
  return one.pid === other.pid && one.start === other.start && one.bootId === other.bootId;
}

/** The process group that a process is in; null when it is gone. */
export function groupOf(pid: number): number | null {
  return readStat(pid)?.group ?? null;
}

/** Sends a signal to exactly this process; false: it has ended, and nobody was signalled. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  return isRunning(identity) && send(identity.pid, signal);
}

/**
 * Sends a signal to a group that `member` proves to be still the one that was meant: while a member lives, the kernel
 * gives the number to no other group.
 */
export function signalGroupOf(member: ProcessIdentity, group: number, signal: NodeJS.Signals): boolean {
  return isRunning(member) && groupOf(member.pid) === group && send(-group, signal);
}

function send(target: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(target, signal);
    return true;
  } catch (error) {
    // Ended between the look and the signal: that is what a signal is sent for.
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

function readStat(pid: number): ProcessStat | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    // ENOENT or ESRCH: the process is gone; /proc has no other way to say so.
    return null;
  }
  // The name, in brackets, may itself hold blanks and brackets: fields are counted from behind the last bracket.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "X", group: Number(fields[2]), start: fields[19] ?? "" };
}
