import type { ExitOutcome, ServiceSpec, ToolCommand } from "../../plugins/plugin.ts";
import type { Failure } from "../contract/job.ts";
import { newId } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import type { Clock } from "../base/wait.ts";
import { freePort } from "./port.ts";
import { ask, waitUntilReady } from "./ready.ts";
import { ServiceRun } from "./start.ts";
import type { ServiceRunOptions } from "./start.ts";
import type { StatusBoard } from "./status.ts";
import type { ServiceStore } from "./store.ts";

/** How one start ended, as far as the next step depends on it. */
export type LifeEnd =
  /** The server left; the tool lives on. */
  | { readonly kind: "left" }
  | { readonly kind: "stopped"; readonly why: string; readonly again: boolean }
  | { readonly kind: "port-taken" }
  | { readonly kind: "crashed"; readonly failure: Failure };

export interface Start {
  readonly runId: string;
  readonly port: number;
  readonly command: ToolCommand;
}

export interface LifeOptions extends Pick<ServiceRunOptions, "self" | "log" | "detach" | "onLine"> {
  readonly spec: ServiceSpec;
  readonly store: ServiceStore;
  readonly board: StatusBoard;
  readonly clock: Clock;
  readonly log: Log;
  readonly serverFile: string;
  /** Called once when it is ready. */
  onReady(run: ServiceRun): void;
  inUse(): boolean;
  /** Milliseconds until it is stopped for want of use; Infinity while it is wanted. */
  untilIdleStop(): number;
}

const livenessMs = 5_000;
const missesIdle = 3;
/** A tool that works may be deaf for a while: ComfyUI answers nothing while it loads a model. */
const missesInUse = 12;
const shownLines = 30;
const portTakenText = /address already in use|EADDRINUSE|errno 98\b/i;
const strangerOnPort = "Another program answers on the port that was chosen for it.";

/** Chooses port and command of a new start, and records them before anything runs. */
export async function prepareStart(spec: ServiceSpec, store: ServiceStore): Promise<Start> {
  const start = { runId: newId("run"), port: freePort() };
  const command = await spec.command(store.place(start.port));
  store.write(start);
  return { ...start, command };
}

export function beginRun(start: Start, options: LifeOptions): ServiceRun {
  const { spec, store, board, self, serverFile, log, detach, onLine } = options;
  return new ServiceRun({
    runId: start.runId, dir: store.runDir(start.runId), place: store.place(start.port), command: start.command,
    self, serverFile, log, detach, onLine,
    explain: (outcome, tail) => spec.explain(outcome, tail),
    onStarted: (pid) => board.set(board.state, board.status.detail, { pid }),
  });
}

/** Sees one start of a tool through: until ready, while ready, and to its end. */
export async function live(run: ServiceRun, options: LifeOptions): Promise<LifeEnd> {
  const why = (await untilReady(run, options)) ?? (await whileReady(run, options));
  if (why !== "") {
    options.board.set("stopping", why);
    await run.stop();
  }
  const outcome = await run.ended;
  if (outcome === null) return { kind: "left" };
  if (run.stopReason) return { kind: "stopped", ...run.stopReason };
  const wasReady = options.board.status.version !== null;
  if (why === strangerOnPort || (!wasReady && isPortTaken(run))) return { kind: "port-taken" };
  if (why !== "") return { kind: "crashed", failure: unfit(options.spec.label, why, run.tail) };
  if (wasStopped(outcome)) return { kind: "stopped", why: "It was stopped.", again: false };
  return { kind: "crashed", failure: options.spec.explain(outcome, run.tail) };
}

/** It runs but is of no use, or could not even be tried. */
export function unfit(label: string, why: string, tail: readonly string[] = []): Failure {
  return {
    code: "engine", what: `${label} cannot be used.`, why, fix: "Read its last lines: they tell what it was doing.",
    tail: tail.slice(-shownLines).map((line) => Bun.stripANSI(line)),
  };
}

/** null: it is ready. Else why it must end, or "" when it ended by itself. */
async function untilReady(run: ServiceRun, options: LifeOptions): Promise<string | null> {
  const { spec, clock, board } = options;
  const signal = run.over.signal;
  const begun = clock.now();
  const result = await waitUntilReady({
    probe: () => spec.probe(run.url, run.place), printed: () => run.printed, deadlineMs: spec.startDeadlineMs, signal, clock,
  });
  if (signal.aborted) return "";
  if (run.isPortStrange()) return strangerOnPort;
  if (!result.ready) return `${spec.label} was not ready within ${Math.round((clock.now() - begun) / 1000)} s: ${result.why}`;
  board.set("ready", "Running.", { version: result.version });
  options.onReady(run);
  return null;
}

/** Why it must end, or "" when it ended by itself. */
async function whileReady(run: ServiceRun, options: LifeOptions): Promise<string> {
  const { spec, clock } = options;
  const signal = run.over.signal;
  let looked = clock.now();
  for (let misses = 0; ;) {
    const untilIdleStop = options.untilIdleStop();
    if (untilIdleStop <= 0) {
      run.stopReason = { why: "Stopped because nobody used it. Starts when needed.", again: false };
      return run.stopReason.why;
    }
    // From look to look: a tool that hangs makes each look as long as its limit, and must not get twice the time.
    await clock.sleep(Math.max(0, Math.min(looked + livenessMs - clock.now(), untilIdleStop)), signal);
    if (signal.aborted) return "";
    looked = clock.now();
    const result = await ask(() => spec.probe(run.url, run.place));
    if (signal.aborted) return "";
    misses = result.ready ? 0 : misses + 1;
    const limit = options.inUse() ? missesInUse : missesIdle;
    if (!result.ready && misses >= limit) return `${spec.label} runs but no longer answers: ${result.why}`;
  }
}

function isPortTaken(run: ServiceRun): boolean {
  return run.isPortStrange() || run.tail.some((line) => portTakenText.test(line));
}

function wasStopped(outcome: ExitOutcome): boolean {
  return outcome.kind !== "not-started" && outcome.stopped;
}
