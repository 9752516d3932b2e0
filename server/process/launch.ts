import { mkdirSync } from "node:fs";
import type { Subprocess } from "bun";
import type { ToolCommand } from "../../plugins/plugin.ts";
import { baseEnvironment, childEnvironment } from "./environment.ts";
import { requestStop, settleExit } from "./exit.ts";
import { isRunning, signalProcess } from "./identity.ts";
import { sweep } from "./kill.ts";
import { holderProtocol } from "./protocol.ts";
import { claimRecord, readClaim, readExit, readHolder, readSpec, runFiles, writeRecord } from "./records.ts";
import type { ExitRecord, HolderRecord, RunSpec } from "./records.ts";
import { defaultRotation } from "./segments.ts";
import { isShortSupply } from "./short-supply.ts";
import type { Rotation } from "./segments.ts";
import type { ServerSign } from "./server-watch.ts";
import { pause } from "../base/wait.ts";

export interface LaunchOptions {
  readonly dir: string;
  readonly runId: string;
  readonly correlationId: string;
  /** How to run this program again; `hold <dir>` is appended. */
  readonly self: readonly string[];
  readonly command: ToolCommand;
  /** How the output is cut into files. */
  readonly rotation?: Rotation;
  /** For a child that is of no use without a server: see `RunSpec.server`. */
  readonly server?: ServerSign;
  /** Aborted: nothing is started any more. A child that may have been started is still waited for. */
  readonly signal: AbortSignal;
  /** Aborted when the server leaves; the promise then rejects with the reason. */
  readonly detach?: AbortSignal;
}

/** What is known of a run once it was started, found running, or found ended. */
export type Launched = { readonly holder: HolderRecord; readonly exit: null } | { readonly holder: HolderRecord | null; readonly exit: ExitRecord };

/** From the start of a holder to its record; it takes 50 ms, a stalled network volume may take long. */
const startLimitMs = 60_000;
const pollMs = 8;

/**
 * Starts the child of a run folder, or finds the one that was started there before, by this or an earlier server. Every
 * run folder has at most one child, ever: the holder's exclusive claim decides, whenever and by whomever it was started.
 * Throws what the system was short of; the same call may then be made again.
 */
export async function launch(options: LaunchOptions): Promise<Launched> {
  const { dir } = options;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const before = readSpec(dir);
  if (before && before.runId !== options.runId) {
    throw new Error(`The folder ${dir} belongs to the run ${before.runId}; ${options.runId} needs a folder of its own.`);
  }
  const exit = readExit(dir);
  if (exit) return { holder: readHolder(dir), exit };
  if (readClaim(dir) !== null) return untilKnown(options, null);
  if (options.signal.aborted) requestStop(dir);
  // A spec that is there already is kept: its holder may be reading it.
  if (!before) writeSpec(options);
  if (options.signal.aborted && claimRecord(dir, { holder: null })) return notStarted(dir, "It was cancelled before it had started.");
  try {
    return await untilKnown(options, startHolder(options));
  } catch (error) {
    if (!isSpawnError(error) || isShortSupply(error)) throw error;
    const why = `Isengard could not start itself (${options.self.join(" ")}): ${error.message}`;
    return claimRecord(dir, { holder: null }) ? notStarted(dir, why) : untilKnown(options, null);
  }
}

function writeSpec({ dir, runId, correlationId, command, server, rotation = defaultRotation }: LaunchOptions): void {
  const { file, args, cwd, columns, stop } = command;
  const env = childEnvironment(command.env, runId, correlationId);
  const spec: RunSpec = { protocol: holderProtocol, runId, correlationId, command: { file, args, cwd, columns, stop }, env, rotation, ...(server === undefined ? {} : { server }) };
  writeRecord(dir, runFiles.spec, spec);
}

function startHolder({ self, dir }: LaunchOptions): Subprocess {
  const child = Bun.spawn([...self, "hold", dir], {
    cwd: "/",
    env: baseEnvironment(),
    detached: true,
    stdio: ["ignore", "ignore", "ignore"],
  });
  child.unref();
  return child;
}

function isSpawnError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && String(error.syscall).includes("spawn");
}

async function untilKnown(options: LaunchOptions, started: Subprocess | null): Promise<Launched> {
  const limit = performance.now() + startLimitMs;
  for (;;) {
    const launched = await look(options, started, performance.now() > limit);
    if (launched) return launched;
    options.detach?.throwIfAborted();
    await pause(pollMs, options.detach);
  }
}

/** One look at the folder; null: not decided yet. */
async function look({ dir, runId }: LaunchOptions, started: Subprocess | null, late: boolean): Promise<Launched | null> {
  // The claim is read first: a holder that has ended since then has left its records, which are read below.
  const claim = readClaim(dir);
  const claimant = claim === null || claim === "torn" ? null : claim.holder;
  const claimantGone = claimant !== null && !isRunning(claimant);
  const exit = readExit(dir);
  if (exit) return { holder: readHolder(dir), exit };
  const holder = readHolder(dir);
  if (holder) return { holder, exit: null };

  if (claim === null) {
    const failed = started === null || started.exitCode !== null || started.signalCode !== null;
    if ((!failed && !late) || !claimRecord(dir, { holder: null })) return null;
    return notStarted(dir, "The small process that looks after a program could not be started. Look at the service log, then try again.");
  }
  if (claim !== "torn" && claimant === null) return notStarted(dir, "It was cancelled before it had started.");
  if (claimant && !claimantGone && late) signalProcess(claimant, "SIGKILL");
  if (claimantGone || (claim === "torn" && late)) {
    await sweep({ runId, leader: null });
    return { holder: null, exit: settleExit(dir, null) };
  }
  return null;
}

/** Only for whoever holds the claim: nobody else can then record an end. */
function notStarted(dir: string, why: string): Launched {
  const exit: ExitRecord = { kind: "not-started", why, endedAt: new Date().toISOString() };
  writeRecord(dir, runFiles.exit, exit);
  return { holder: null, exit };
}
