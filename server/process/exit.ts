import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { ExitOutcome } from "../../plugins/plugin.ts";
import { bootId, isRunning, signalProcess } from "./identity.ts";
import { whyOutOfMemory } from "./memory-watch.ts";
import { childIdentity, holderIdentity, readExit, runFiles, writeRecord } from "./records.ts";
import type { ExitFacts, ExitRecord, HolderRecord, StopRecord } from "./records.ts";

/** Enough for the last output even when each of its bytes has to be written as an escape of six. */
const reserveBytes = 32 * 1024;
const retryMs = 1_000;
/** A holder without a child that has recorded nothing for this long stands still, and nothing more is to be hoped for. */
const recordLimitMs = 11 * 60_000;
/** How long a holder goes on trying to record the end on a disk that refuses. */
const retryLimitMs = 10 * 60_000;

/** Takes the room for the exit record before the child starts, so that a disk that fills up cannot swallow the outcome. */
export function reserveExit(dir: string): void {
  const fd = openSync(reserveFile(dir), "w", 0o600);
  try {
    writeSync(fd, Buffer.alloc(reserveBytes, " "));
  } finally {
    closeSync(fd);
  }
}

/**
 * Records the end; the first record stays. `folder` is open on `dir` since before the child: a folder that was moved gets its record
 * where it is now, and for one that was removed nobody can ever ask. Throws when the disk refuses for ten minutes.
 */
export async function recordExit(dir: string, record: ExitRecord, folder: number): Promise<void> {
  const end = performance.now() + retryLimitMs;
  for (;;) {
    try {
      return writeExit(existsSync(dir) ? dir : `/proc/self/fd/${folder}`, record);
    } catch (error) {
      if (isRemoved(folder)) return;
      if (performance.now() > end) throw error;
      await Bun.sleep(retryMs);
    }
  }
}

function isRemoved(folder: number): boolean {
  try {
    return fstatSync(folder).nlink === 0;
  } catch {
    return false; // a volume that does not answer may come back
  }
}

function writeExit(dir: string, record: ExitRecord): void {
  if (existsSync(join(dir, runFiles.exit))) return;
  if (!existsSync(reserveFile(dir))) return writeRecord(dir, runFiles.exit, record);
  const text = JSON.stringify(record);
  const fd = openSync(reserveFile(dir), "r+");
  try {
    writeSync(fd, text, 0);
    ftruncateSync(fd, Buffer.byteLength(text));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(reserveFile(dir), join(dir, runFiles.exit));
}

const reserveFile = (dir: string) => join(dir, ".exit.reserve");

/** Remembers, before the first signal, that the end was asked for. Does nothing once the run has ended. */
export function requestStop(dir: string): void {
  if (existsSync(join(dir, runFiles.stop)) || existsSync(join(dir, runFiles.exit))) return;
  const record: StopRecord = { requestedAt: new Date().toISOString() };
  writeRecord(dir, runFiles.stop, record);
}

export const stopRequested = (dir: string) => existsSync(join(dir, runFiles.stop));

/** Whether no byte and no record will come any more: the end is recorded, or the holder is gone. */
function hasEnded(dir: string, holder: HolderRecord): boolean {
  return existsSync(join(dir, runFiles.exit)) || !isRunning(holderIdentity(holder));
}

/**
 * Asks again and again whether a run has ended. A holder that outlives its child without a record for `limitMs` is
 * ended, since nobody could wait for it otherwise; the run is then told as lost.
 */
export function watchEnd(dir: string, holder: HolderRecord, limitMs = recordLimitMs): () => boolean {
  let aloneSince: number | null = null;
  return () => {
    if (hasEnded(dir, holder)) return true;
    if (isRunning(childIdentity(holder))) return false;
    aloneSince ??= performance.now();
    if (performance.now() - aloneSince > limitMs) signalProcess(holderIdentity(holder), "SIGKILL");
    return false;
  };
}

/** How a run ended; to be asked once `hasEnded`. A holder that left no record is recorded as lost, for good. */
export function settleExit(dir: string, holder: HolderRecord | null): ExitRecord {
  const found = readExit(dir);
  if (found) return found;
  const lost: ExitRecord = { kind: "lost", why: whyLost(holder), endedAt: new Date().toISOString() };
  writeRecord(dir, runFiles.exit, lost);
  return lost;
}

function whyLost(holder: HolderRecord | null): string {
  if (holder && holder.bootId !== bootId()) return "This machine or pod was restarted while the program ran.";
  return "The small process that looked after the program was ended from outside (often by a lack of memory), and the program with it.";
}

export function toOutcome(record: ExitRecord, stopped: boolean): ExitOutcome {
  switch (record.kind) {
    case "exited": return { kind: "exited", code: record.code, stopped, ...(record.code === killedCode ? memoryOf(record) : {}) };
    case "signalled": return { kind: "signalled", signal: record.signal, stopped, ...(record.signal === "SIGKILL" ? memoryOf(record) : {}) };
    case "not-started": return { kind: "not-started", why: record.why, ...(record.passing === true ? { passing: true } : {}) };
    case "lost": return { kind: "lost", why: record.why, stopped };
    // Of a later protocol: it has ended, and how is not known here.
    default: return { kind: "lost", why: "How it ended was written down by another version of Isengard, which this one cannot read.", stopped };
  }
}

/** How a shell tells that what it ran was ended by SIGKILL. */
const killedCode = 137;

function memoryOf({ memory }: ExitFacts): { outOfMemory?: string } {
  const why = memory === undefined ? null : whyOutOfMemory(memory);
  return why === null ? {} : { outOfMemory: why };
}
