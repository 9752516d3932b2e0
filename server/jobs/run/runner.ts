import { setTimeout as wait } from "node:timers/promises";
import type { Log } from "../../base/log.ts";
import type { JobEnds } from "./ends.ts";
import { failureOf, storageFaultOf, unknownKind } from "../failures/failures.ts";
import type { HandlerOutcome, JobHandler } from "./handlers/handler.ts";
import { type HostParts, JobHost } from "./host.ts";
import { LetGo } from "./let-go.ts";
import type { JobLogOpener } from "../ports.ts";
import type { JobStore } from "../store/store.ts";
import type { Claim } from "../store/rows.ts";

export interface RunnerParts extends HostParts {
  readonly store: JobStore;
  readonly log: Log;
  readonly jobLogs: JobLogOpener;
  readonly handlers: Readonly<Record<string, JobHandler>>;
  readonly ends: JobEnds;
}

const firstRetryMs = 100;
const longestRetryMs = 5000;

/** The wishes that reach a running attempt. */
export interface RunSignals {
  /** The person's stop. */
  readonly stop: AbortController;
  /** A training is to give way to pictures. */
  readonly pause: AbortController;
}

/** What the dispatcher has to do after a run; `retryMs` is set for a job that has to be looked at again. */
export interface RunEnd {
  readonly retryMs: number | null;
}

/** Runs one attempt of one job and writes down its end, if this attempt still is the one that may. Never rejects. */
export class Runner {
  constructor(private readonly parts: RunnerParts) {}

  /** `adopted`: a server before this one had begun. On detach it returns at once, with nothing changed. */
  async run(claim: Claim, adopted: boolean, signals: RunSignals, detach: AbortSignal): Promise<RunEnd> {
    if (claim.stopRequested || claim.poison !== null) signals.stop.abort();
    if (claim.pauseRequested) signals.pause.abort();
    const outcome = await this.attempt(claim, adopted, signals, detach);
    if (outcome === null || detach.aborted) return { retryMs: null };
    await this.parts.ends.prepare(outcome);
    return { retryMs: await this.persist(detach, () => this.parts.ends.record(claim, outcome)) };
  }

  /** null: this server has let go of the job. */
  private async attempt(claim: Claim, adopted: boolean, signals: RunSignals, detach: AbortSignal): Promise<HandlerOutcome | null> {
    const { stop } = signals;
    const handler = this.parts.handlers[claim.kind];
    if (handler === undefined) return { kind: "failed", failure: unknownKind(claim.kind) };
    let host: JobHost | null = null;
    try {
      host = this.openHost(claim, signals, detach);
      if (!this.begin(claim, adopted, stop)) return null;
      if (stop.signal.aborted && !adopted) return { kind: "stopped" };
      host.log("info", "job.started", `${claim.job.title}: attempt ${claim.job.attempt} begins.`, { backend: claim.job.backend });
      const outcome = await untilDetached(handler.run(claim, host), detach);
      if (outcome !== null) await untilDetached(host.endChildren(), detach);
      if (outcome !== null) this.tellLog(host, outcome);
      return outcome;
    } catch (error) {
      if (detach.aborted || error instanceof LetGo) return null;
      if (host !== null) await untilDetached(host.endChildren(), detach);
      this.parts.log.error("job.handler-threw", "a job ended with an unexpected error", {
        jobId: claim.job.id, correlationId: claim.job.correlationId, error,
      });
      const outcome = endOfThrow(error);
      if (host !== null) this.tellLog(host, outcome);
      return outcome;
    } finally {
      this.close(host);
    }
  }

  private openHost(claim: Claim, signals: RunSignals, detach: AbortSignal): JobHost {
    const stop = signals.stop.signal;
    const { id, correlationId } = claim.job;
    let working = claim.job.state === "running";
    const onWork = () => {
      if (working) return;
      working = true;
      if (!stop.aborted) this.parts.store.transition(id, "running", { why: "The tool is at work.", token: claim.token });
    };
    return new JobHost(claim, this.parts, this.parts.jobLogs.open(id, { correlationId }), { stop, pause: signals.pause.signal, detach }, onWork);
  }

  /** False: somebody else has the job now. A stop that came first leaves it `stopping`, and that is fine. */
  private begin(claim: Claim, adopted: boolean, stop: AbortController): boolean {
    const { store } = this.parts;
    const { id } = claim.job;
    const present = store.get(id);
    if (present?.state === "stopping") stop.abort();
    if (present?.state === "stopping" || (adopted && present?.state !== "claimed")) return true;
    return store.transition(id, "starting", { why: "The tool is being prepared.", token: claim.token }) !== "refused";
  }

  /** A fault of the disk is not a fault of the job: its end is written as soon as that works again, or after a restart. */
  private async persist<T>(detach: AbortSignal, write: () => T): Promise<T | null> {
    for (let waitMs = firstRetryMs; !detach.aborted; waitMs = Math.min(waitMs * 2, longestRetryMs)) {
      try {
        return write();
      } catch (error) {
        this.parts.log.error("job.end-not-stored", "the end of a job could not be stored; it is tried again", { error });
        await wait(waitMs, undefined, { signal: detach }).catch(() => undefined); // let go: the loop ends
      }
    }
    return null;
  }

  /** The job's own log is told too; the end itself does not depend on it. */
  private tellLog(host: JobHost, outcome: HandlerOutcome): void {
    try {
      sayEnd(host, outcome);
    } catch (error) {
      this.parts.log.warn("job.end-not-logged", "the end of a job could not be written to its log", { jobId: host.jobId, error });
    }
  }

  private close(host: JobHost | null): void {
    try {
      host?.close();
    } catch (error) {
      this.parts.log.warn("job.close-failed", "what a job held open could not be closed", { jobId: host?.jobId, error });
    }
  }
}

function endOfThrow(error: unknown): HandlerOutcome {
  const fault = storageFaultOf(error);
  if (fault !== null) return { kind: "interrupted", why: `The disk could not be read or written: ${String(error)}`, fault };
  return { kind: "failed", failure: failureOf(error) };
}

function sayEnd(host: JobHost, outcome: HandlerOutcome): void {
  if (outcome.kind === "failed") {
    const { code, what, why, fix } = outcome.failure;
    host.log("error", "job.failed", [what, why, fix].filter((part) => part !== "").join(" "), { code });
    return;
  }
  host.log("info", `job.${outcome.kind}`, outcome.kind === "interrupted" ? outcome.why : `The job has ${words[outcome.kind]}.`);
}

const words = { succeeded: "succeeded", stopped: "stopped as asked", snoozed: "not begun yet", paused: "been paused" } as const;

/** null as soon as the server lets go. The handler is not waited for: its next call to the host throws. */
async function untilDetached<T>(work: Promise<T>, detach: AbortSignal): Promise<T | null> {
  const { promise, resolve } = Promise.withResolvers<null>();
  const letGo = () => {
    work.catch(() => {}); // what a handler throws after it was let go of has no reader
    resolve(null);
  };
  if (detach.aborted) letGo();
  detach.addEventListener("abort", letGo, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    detach.removeEventListener("abort", letGo);
  }
}
