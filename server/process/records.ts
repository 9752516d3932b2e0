import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { ToolCommand } from "../../plugins/plugin.ts";
import type { ProcessIdentity } from "./identity.ts";
import type { MemoryEvidence } from "./memory-watch.ts";
import type { PtyUsage } from "./pty.ts";
import type { Rotation } from "./segments.ts";
import type { ServerSign } from "./server-watch.ts";

/** Files of one run. Written by the server: spec, stop. By the holder: claim, holder, log, exit. */
export const runFiles = {
  spec: "spec.json",
  claim: "claim.json",
  holder: "holder.json",
  stop: "stop.json",
  exit: "exit.json",
  log: "pty.log",
  error: "holder-error.txt",
} as const;

/** What to run. `env` is complete: the allow-listed base, the command's own variables and the marks. */
export interface RunSpec {
  readonly protocol: number;
  readonly runId: string;
  readonly correlationId: string;
  readonly command: Pick<ToolCommand, "file" | "args" | "cwd" | "columns" | "stop">;
  readonly env: Readonly<Record<string, string>>;
  /** How the output is cut; absent: as the holder does by itself. */
  readonly rotation?: Rotation;
  /** The child is stopped when no server was there for so long; absent: it goes on without one, as a training does. */
  readonly server?: ServerSign;
}

/** Made exclusively before the child: whoever makes it is the only one who may ever start a child in this folder. */
export interface RunClaim {
  /** null: the server claimed the folder so that nothing can start there any more. */
  readonly holder: ProcessIdentity | null;
}

export interface HolderRecord {
  readonly protocol: number;
  readonly runId: string;
  readonly holderPid: number;
  readonly holderStart: string;
  readonly childPid: number;
  /** Empty when the child had ended before it could be looked at. */
  readonly childStart: string;
  readonly bootId: string;
  readonly startedAt: string;
  /** Size of the files of the output; absent in protocol 1, whose output is one file. */
  readonly segmentBytes?: number;
}

export interface StopRecord {
  readonly requestedAt: string;
}

export type ExitRecord =
  | ({ readonly kind: "exited"; readonly code: number } & ExitFacts)
  | ({ readonly kind: "signalled"; readonly signal: string } & ExitFacts)
  | { readonly kind: "not-started"; readonly why: string; readonly endedAt: string; /** As in `ExitOutcome`. */ readonly passing?: true }
  | { readonly kind: "lost"; readonly why: string; readonly endedAt: string };

export interface ExitFacts {
  readonly endedAt: string;
  /** Bytes of output that could not be written to the log. */
  readonly lostBytes: number;
  /** How many of them were the last of all: that much of `lastOutput` is not in the log. Absent in protocol 1. */
  readonly lostAtEnd?: number;
  /** What the child used, as far as the system tells; absent in protocol 1. */
  readonly usage?: PtyUsage | null;
  /** The last 4 KiB of output, also when the log could not be written; absent in protocol 1. */
  readonly lastOutput?: string;
  /** Absent where an older holder wrote the record. */
  readonly memory?: MemoryEvidence;
}

/** Appears whole or not at all, also after a power cut. Mode 0600. */
export function writeRecord(dir: string, file: string, value: object): void {
  const temporary = join(dir, `.${file}.${process.pid}.tmp`);
  const fd = openSync(temporary, "w", 0o600);
  try {
    writeSync(fd, JSON.stringify(value));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, join(dir, file));
}

/** Makes the file only when nobody did before; false: somebody did. */
export function claimRecord(dir: string, value: RunClaim): boolean {
  let fd: number;
  try {
    fd = openSync(join(dir, runFiles.claim), "wx", 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
  try {
    writeSync(fd, JSON.stringify(value));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  return true;
}

/**
 * null when the file is not there. "torn" when it is there but holds no whole record: only a claim can be met like that,
 * between its making and its writing. Records are read where this program wrote them, so their shape is not checked.
 */
function readJson(dir: string, file: string): object | "torn" | null {
  let text: string;
  try {
    text = readFileSync(join(dir, file), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  try {
    return JSON.parse(text) as object;
  } catch (error) {
    if (error instanceof SyntaxError) return "torn";
    throw error;
  }
}

export function readWhole<T>(dir: string, file: string): T | null {
  const value = readJson(dir, file);
  if (value === "torn") throw new Error(`The record ${file} in ${dir} is damaged. Delete that file to forget what it told.`);
  return value as T | null;
}

export const readSpec = (dir: string): RunSpec | null => readWhole<RunSpec>(dir, runFiles.spec);
export const readHolder = (dir: string): HolderRecord | null => readWhole<HolderRecord>(dir, runFiles.holder);
export const readExit = (dir: string): ExitRecord | null => readWhole<ExitRecord>(dir, runFiles.exit);
export const readClaim = (dir: string): RunClaim | "torn" | null => readJson(dir, runFiles.claim) as RunClaim | "torn" | null;

export function holderIdentity(record: HolderRecord): ProcessIdentity {
  return { pid: record.holderPid, start: record.holderStart, bootId: record.bootId };
}

export function childIdentity(record: HolderRecord): ProcessIdentity {
  return { pid: record.childPid, start: record.childStart, bootId: record.bootId };
}
