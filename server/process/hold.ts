import { existsSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { recordExit, requestStop, reserveExit, stopRequested } from "./exit.ts";
import { bootId, identify } from "./identity.ts";
import { stopRun } from "./kill.ts";
import { MemoryWatch } from "./memory-watch.ts";
import { folderDisk, OutputLog } from "./output-log.ts";
import { signalName, spawnPty } from "./pty.ts";
import type { Pty, PtyExit } from "./pty.ts";
import { holderProtocol } from "./protocol.ts";
import { claimRecord, readExit, readSpec, runFiles, writeRecord } from "./records.ts";
import type { HolderRecord, RunSpec } from "./records.ts";
import { defaultRotation } from "./segments.ts";
import { ServerWatch } from "./server-watch.ts";
import { isShortSupply, shortSupplyWords, untilSupplied } from "./short-supply.ts";
import type { Rotation } from "./segments.ts";

const holdExit = { done: 0, failed: 1, noSpec: 2, claimedByOther: 3 } as const;

const rows = 50;
const cancelled = "It was cancelled before it had started.";
/** Shorter than a server waits for the record of a start. */
const supplyLimitMs = 30_000;
const collectAfterBytes = 8 * 1024 * 1024;
/** When memory runs out the kernel should choose the child, which can be resumed, and not the server. */
const childOomScore = "500";

/**
 * The role `hold <dir>`: owns the terminal of one child and outlives the server. It must stay this small, because the
 * child dies with it. It takes no orders: signals go to the child directly. The promise is the exit code.
 */
export async function hold(dir: string): Promise<number> {
  for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) process.on(signal, () => {});
  process.umask(0o077);
  try {
    const spec = readSpec(dir);
    if (!spec) return holdExit.noSpec;
    if (!claimRecord(dir, { holder: identify(process.pid) })) return holdExit.claimedByOther;
    await run(dir, spec);
    return holdExit.done;
  } catch (error) {
    noteError(dir, error);
    return holdExit.failed;
  }
}

/** Nobody reads our output: this file is the only place where the reason can be found, and the disk may refuse it too. */
function noteError(dir: string, error: unknown): void {
  try {
    writeFileSync(join(dir, runFiles.error), error instanceof Error ? `${error.stack}\n` : String(error), { mode: 0o600 });
  } catch {
    // The holder ends with its child, whatever the disk says.
  }
}

async function run(dir: string, spec: RunSpec): Promise<void> {
  const folder = openSync(dir, "r");
  const notStarted = (why: string, isPassing = false) =>
    recordExit(dir, { kind: "not-started", why, ...(isPassing ? { passing: true } : {}), endedAt: new Date().toISOString() }, folder);
  reserveExit(dir);
  if (stopRequested(dir) || readExit(dir)) return notStarted(cancelled);
  const { rotation = defaultRotation } = spec;
  const log = new OutputLog(folderDisk(dir), rotation);
  let pty: Pty;
  try {
    const begun = await untilSupplied(() => (stopRequested(dir) ? null : spawnChild(spec)), { limitMs: supplyLimitMs });
    if (begun === null) return notStarted(cancelled);
    pty = begun;
  } catch (error) {
    log.finish();
    return notStarted(whyNotStarted(spec, error as NodeJS.ErrnoException), isShortSupply(error));
  }
  let uncollected = 0;
  pty.onData((bytes) => {
    log.append(bytes);
    // Each chunk is a new array: left to itself the heap grows far beyond what so small a process may take.
    uncollected += bytes.length;
    if (uncollected < collectAfterBytes) return;
    uncollected = 0;
    Bun.gc(true);
  });
  const ended = new Promise<PtyExit>((resolve) => pty.onExit(resolve));
  try {
    writeRecord(dir, runFiles.holder, describe(spec, pty.pid, rotation));
  } catch (error) {
    // A child that no server could ever find again must not run.
    pty.kill("SIGKILL");
    await ended;
    return notStarted(`Its start could not be recorded in ${dir}: ${(error as Error).message}. Free disk space, then try again.`);
  }
  raiseOomScore(pty.pid);
  const memory = new MemoryWatch();
  const server = spec.server === undefined ? null : new ServerWatch(spec.server, () => stopAlone(dir, spec, pty.pid));
  const exit = await ended;
  server?.end();
  const memoryAtEnd = memory.end();
  log.finish();
  const { lostBytes, lostAtEnd, lastOutput } = log;
  const facts = { endedAt: new Date().toISOString(), lostBytes, lostAtEnd, usage: pty.usage(), lastOutput, memory: memoryAtEnd };
  await recordExit(dir, exit.signal > 0
    ? { kind: "signalled", signal: signalName(exit.signal), ...facts }
    : { kind: "exited", code: exit.exitCode, ...facts }, folder);
}

function spawnChild({ command: { file, args, cwd, columns }, env }: RunSpec): Pty {
  return spawnPty(file, args, { cwd, env, cols: columns, rows });
}

/** As a server would: the wish first, then the tool's own way to end. */
function stopAlone(dir: string, { runId, command }: RunSpec, childPid: number): void {
  try {
    requestStop(dir);
  } catch {
    // Only words are lost by it: the end is then told as one from outside.
  }
  stopRun({ runId, leader: identify(childPid), rungs: command.stop }).done.catch((error: unknown) => noteError(dir, error));
}

function describe(spec: RunSpec, childPid: number, { segmentBytes }: Rotation): HolderRecord {
  return {
    protocol: holderProtocol,
    runId: spec.runId,
    holderPid: process.pid,
    holderStart: identify(process.pid)?.start ?? "",
    childPid,
    childStart: identify(childPid)?.start ?? "",
    bootId: bootId(),
    startedAt: new Date().toISOString(),
    segmentBytes,
  };
}

function whyNotStarted(spec: RunSpec, error: NodeJS.ErrnoException): string {
  const { file, cwd } = spec.command;
  if (error.code === "ENOENT" && !existsSync(cwd)) {
    return `The folder ${cwd}, in which ${file} should run, does not exist. Correct the path that Isengard was started with (a flag, a variable or isengard.json).`;
  }
  if (error.code === "ENOENT") return `The program ${file} does not exist. Correct the path that Isengard was started with (a flag, a variable or isengard.json).`;
  if (error.code === "EACCES") return `The program ${file} may not be run: permission denied. Make it executable for this account.`;
  if (isShortSupply(error)) return `The program ${file} could not be started. ${shortSupplyWords(error)}`;
  return `The program ${file} could not be started: ${error.message}`;
}

function raiseOomScore(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, childOomScore);
  } catch {
    // Ended already, or the container forbids it: a nicety, not a promise.
  }
}
