import type { Job, QueueView } from "../../contract/job.ts";
import type { PauseState } from "../store/queue-pause.ts";
import { finalStates } from "../store/states.ts";
import type { JobStore } from "../store/store.ts";
import { heldCodes } from "../admit/waiting-codes.ts";
import { jobKindNames } from "../../shared/job-kinds.ts";

const waitingShown = 500;
const recentShown = 20;

/** The whole queue in one answer. */
export function queueView(store: JobStore, queueState: PauseState, simulated: boolean): QueueView {
  const running = store.active();
  const line = store.line().slice(0, waitingShown);
  const waiting = line.map(({ id }) => store.get(id)).filter((job) => job !== null);
  const paused = queueState.paused();
  const usual = new Map(jobKindNames.map((kind) => [kind, store.usualSeconds(kind, simulated)]));
  const starts = paused === null ? expectedStarts(running, waiting, (kind) => usual.get(kind) ?? null) : waiting.map(() => null);
  return {
    paused, running,
    waiting: waiting.map((job, index) => ({ job, startsInSeconds: starts[index] ?? null })),
    recent: recentlyEnded(store),
  };
}

/** One after the other: exact for one GPU, a careful guess for several. null from where it cannot be known. */
export function expectedStarts(
  running: readonly Job[],
  waiting: readonly Job[],
  usual: (kind: Job["kind"]) => number | null,
  nowMs = Date.now(),
): Array<number | null> {
  let seconds: number | null = 0;
  for (const { progress } of running) seconds = add(seconds, progress?.etaSeconds ?? null);
  return waiting.map((job) => {
    // Nobody knows when the disk or the GPU is well, and those behind it do not wait for that.
    if (heldCodes.has(job.waiting?.code ?? "")) return null;
    const earliest: number = job.waiting?.until === undefined ? 0 : Math.max(0, Math.round((Date.parse(job.waiting.until) - nowMs) / 1000));
    const start: number | null = seconds === null ? null : Math.max(seconds, earliest);
    seconds = add(start, usual(job.kind));
    return start;
  });
}

function add(left: number | null, right: number | null): number | null {
  return left === null || right === null ? null : left + right;
}

function recentlyEnded(store: JobStore): Job[] {
  return store
    .list({ states: finalStates, limit: recentShown })
    .sort((a, b) => (b.finishedAt ?? "").localeCompare(a.finishedAt ?? ""));
}
