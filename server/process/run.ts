import type { ExitOutcome, OutputLine } from "../../plugins/plugin.ts";
import type { Log } from "../base/log.ts";
import { requestStop, settleExit, stopRequested, toOutcome, watchEnd } from "./exit.ts";
import { stopRun, sweep } from "./kill.ts";
import { launch } from "./launch.ts";
import type { Launched, LaunchOptions } from "./launch.ts";
import { LineSplitter } from "./lines.ts";
import { childIdentity, readExit } from "./records.ts";
import type { ExitRecord, HolderRecord } from "./records.ts";
import { droppedNote } from "./segments.ts";
import { shortSupplyWords, untilSupplied } from "./short-supply.ts";
import { stallAfterMs, watchSilence } from "./silence.ts";
import type { Silence, Stall } from "./silence.ts";
import { tail } from "./tail.ts";

export interface RunOptions extends LaunchOptions {
  /** Every piece from the first byte on, on each call. A throw stops the child: nothing may run unwatched. */
  onLine(line: OutputLine): void;
  readonly log: Log;
  /** Called once the child runs, also when it was adopted. */
  onStarted?(holder: HolderRecord): void;
  /** Called when the stop ladder begins, with the way to press a second time. */
  onStopping?(stop: { escalate(): void }): void;
  /** Called once for each silence of `stallAfterMs` (15 minutes): the child may hang. It is left alone. */
  onStalled?(stall: Stall): void;
  readonly stallAfterMs?: number;
  /** How long a holder may go on without its child before it has recorded the end; by default 11 minutes. */
  readonly recordLimitMs?: number;
}

/** The server left; the child lives on and is adopted by the next call with the same folder. */
export class Detached extends Error {
  override readonly name = "Detached";
  constructor() {
    super("Isengard stopped watching this program; it goes on running.");
  }
}

/**
 * Runs a child to its end under a holder that outlives this server. Called again with the same folder it adopts the
 * running child, or tells how it ended, with all output again. Resolves after the last byte was delivered and no process
 * of the run is left. Aborting `signal`, before or during the call, walks down the stop ladder. Aborting `detach`
 * rejects with Detached and touches nothing.
 */
export async function runHeld(options: RunOptions): Promise<ExitOutcome> {
  const detached = new Detached();
  const leave = new AbortController();
  const onDetach = () => leave.abort(detached);
  if (options.detach?.aborted) onDetach();
  options.detach?.addEventListener("abort", onDetach, { once: true });
  try {
    leave.signal.throwIfAborted();
    const launched = await untilSupplied(() => launch({ ...options, detach: leave.signal }), {
      signal: leave.signal,
      onWait: (error) => options.log.warn("run.waits", `${nameOf(options.runId)} waits for its start. ${shortSupplyWords(error)}`, { runId: options.runId }),
    });
    return await watch(options, launched, leave.signal);
  } finally {
    options.detach?.removeEventListener("abort", onDetach);
  }
}

async function watch(options: RunOptions, launched: Launched, leave: AbortSignal): Promise<ExitOutcome> {
  const { dir, runId, log } = options;
  const { holder, exit } = launched;
  const leader = holder ? childIdentity(holder) : null;
  const left = { runId, leader, detach: leave, onStuck: () => log.warn("run.stuck", stuckText, { runId }) };
  if (holder && !exit) {
    log.info("run.watching", `${nameOf(runId)} runs and is watched.`, { runId, correlationId: options.correlationId, pid: holder.childPid, dir });
    options.onStarted?.(holder);
  }
  const stop = stopOn(options, exit === null, leave, left);
  let failure: { error: unknown } | null = null;
  try {
    await deliver(options, launched, leave);
  } catch (error) {
    if (leave.aborted) await settle(stop.release());
    leave.throwIfAborted();
    failure = { error };
    if (!exit) stop.begin();
  }
  await stop.release();
  await sweep(left);
  const outcome = toOutcome(exit ?? settleExit(dir, holder), stopRequested(dir) || stop.begun());
  log[isRegular(outcome) ? "info" : "warn"]("run.ended", `${nameOf(runId)} ${endWords(outcome)}.`, { runId, correlationId: options.correlationId, outcome });
  if (failure) throw failure.error;
  return outcome;
}

/** `job-….2.train` is a child of a job, called by what it does; other runs are those of a tool that lives long. */
function nameOf(runId: string): string {
  return runId.includes(".") ? `The child program “${runId.split(".").at(-1)}”` : "The program of a tool";
}

function isRegular(outcome: ExitOutcome): boolean {
  return (outcome.kind === "exited" && outcome.code === 0) || ("stopped" in outcome && outcome.stopped);
}

function endWords(outcome: ExitOutcome): string {
  if (outcome.kind === "not-started") return `did not start: ${outcome.why}`;
  if (outcome.kind === "lost") return `was lost: ${outcome.why}`;
  const how = outcome.kind === "exited" ? `ended with exit code ${outcome.code}` : `was ended by ${outcome.signal}`;
  return outcome.stopped ? `${how} after it was asked to stop` : how;
}

const stuckText = "A program survives SIGKILL, probably stuck in a driver. Its GPU stays reserved until it is gone.";

async function deliver(options: RunOptions, { holder, exit }: Launched, signal: AbortSignal): Promise<void> {
  const { dir, onLine } = options;
  const lines = new LineSplitter();
  const segmentBytes = holder?.segmentBytes ?? Infinity;
  const silence = exit === null ? hearSilence(options, segmentBytes) : null;
  const hasEnded = holder === null ? () => true : watchEnd(dir, holder, options.recordLimitMs);
  let end = 0;
  try {
    end = await tail({
      dir, segmentBytes, signal,
      from: 0,
      onChunk: (bytes, offset) => {
        silence?.grew(offset + bytes.length);
        lines.push(bytes).forEach(onLine);
      },
      onDropped: (from, to) => lines.skip(to, droppedNote(to - from)).forEach(onLine),
      ended: hasEnded,
    });
  } finally {
    silence?.end();
  }
  lines.end().forEach(onLine);
  unwritten(readExit(dir), end).forEach(onLine);
}

/**
 * The last words of a child whose log the disk refused, from the record of its end: they tell why it failed. They stand
 * behind the end of the log, where no other piece can be.
 */
function unwritten(exit: ExitRecord | null, end: number): OutputLine[] {
  const lost = exit && "lostAtEnd" in exit ? (exit.lostAtEnd ?? 0) : 0;
  if (lost === 0 || !exit || !("lastOutput" in exit)) return [];
  const bytes = Buffer.from(exit.lastOutput ?? "");
  const lines = new LineSplitter(end);
  return [...lines.push(bytes.subarray(Math.max(0, bytes.length - lost))), ...lines.end()];
}

function hearSilence(options: RunOptions, segmentBytes: number): Silence {
  const { dir, runId, log } = options;
  return watchSilence({
    dir, segmentBytes,
    afterMs: options.stallAfterMs ?? stallAfterMs,
    onStalled: (stall) => {
      log.warn("run.stalled", "A child program has printed nothing for a long time.", { runId, ...stall });
      options.onStalled?.(stall);
    },
  });
}

interface Stopping {
  begin(): void;
  begun(): boolean;
  /** Listens no longer; waits for a ladder that was begun. */
  release(): Promise<void>;
}

function stopOn(options: RunOptions, live: boolean, leave: AbortSignal, left: Omit<Parameters<typeof stopRun>[0], "rungs">): Stopping {
  let walk: ReturnType<typeof stopRun> | null = null;
  const begin = () => {
    if (walk || leave.aborted) return;
    try {
      requestStop(options.dir);
    } catch (error) {
      // A full disk must not keep anybody from stopping; only a crash right now would forget that we asked.
      options.log.error("run.stop-unrecorded", "The wish to stop could not be recorded; stopping all the same.", { error });
    }
    options.log.info("run.stopping", "Stopping a child program.", { runId: options.runId });
    walk = stopRun({ ...left, rungs: options.command.stop });
    // It is awaited in `release`; until then a rejection is not unhandled.
    walk.done.catch(() => {});
    options.onStopping?.({ escalate: walk.escalate });
  };
  if (live && options.signal.aborted) begin();
  else if (live) options.signal.addEventListener("abort", begin, { once: true });
  return {
    begin,
    begun: () => walk !== null,
    release: async () => {
      options.signal.removeEventListener("abort", begin);
      await walk?.done;
    },
  };
}

async function settle(promise: Promise<void>): Promise<void> {
  try {
    await promise;
  } catch {
    // Only ever the Detached that the caller throws next.
  }
}
