import type { Bus } from "../events/bus.ts";
import type { Service } from "../lifecycle.ts";
import type { Log } from "../log.ts";
import type { Backends } from "./backends.ts";
import type { GpuLane } from "./lanes.ts";
import { takeOver } from "./recovery.ts";
import type { Runner } from "./runner.ts";
import type { JobStore } from "./store.ts";
import type { Claim } from "./store-rows.ts";

export interface DispatcherParts {
  readonly store: JobStore;
  readonly backends: Backends;
  readonly lane: GpuLane;
  readonly runner: Runner;
  readonly bus: Bus;
  readonly log: Log;
}

/** The bus wakes the dispatcher; this catches what no event tells, such as the time left of the running job. */
const slowTimerMs = 2000;
const firstBackOffMs = 100;
const longestBackOffMs = 5000;

interface Run {
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

/**
 * Claims jobs and has them run. A storage fault makes it wait and try again; it never ends by itself. `stop` lets go:
 * nothing new is claimed, running children live on, no job changes its state.
 */
export class Dispatcher implements Service {
  readonly name = "dispatcher";
  private readonly runs = new Map<string, Run>();
  /** When a snoozed job is looked at again, by the monotonic clock. Lost with the server: the next one looks at once. */
  private readonly dueAt = new Map<string, number>();
  private readonly detach = new AbortController();
  private unsubscribe: () => void = () => {};
  private timer: ReturnType<typeof setInterval> | null = null;
  private wakeAsked = false;
  private recovered = false;
  private backOffMs = 0;
  private lastBackOffMs = 0;

  constructor(private readonly parts: DispatcherParts) {}

  start(): void {
    this.unsubscribe = this.parts.bus.subscribe(({ event }) => {
      if (event.type !== "job.changed") return;
      if (event.job.state === "stopping") this.runs.get(event.job.id)?.stop.abort();
      this.wake();
    });
    this.timer = setInterval(() => this.wake(), slowTimerMs);
    this.wake();
  }

  async stop(): Promise<void> {
    this.unsubscribe();
    if (this.timer !== null) clearInterval(this.timer);
    this.detach.abort();
    await Promise.all([...this.runs.values()].map((run) => run.ended));
  }

  /** Later, never inside the publish that asked for it: what a round changes is published in its own turn. */
  wake(): void {
    if (this.wakeAsked || this.backOffMs > 0) return;
    this.wakeAsked = true;
    setImmediate(() => {
      this.wakeAsked = false;
      this.round();
    });
  }

  private round(): void {
    if (this.detach.signal.aborted) return;
    try {
      this.work();
      this.lastBackOffMs = 0;
    } catch (error) {
      this.backOff(error);
    }
  }

  private work(): void {
    if (this.parts.backends.chosen) {
      this.recoverOnce();
      this.wakeSnoozed();
      const claim = this.parts.lane.claim();
      if (claim !== null) this.launch(claim, false);
    }
    this.parts.lane.explainWaiting();
  }

  private recoverOnce(): void {
    if (this.recovered) return;
    const claims = takeOver(this.parts.store);
    this.recovered = true;
    for (const claim of claims) this.launch(claim, true);
  }

  private launch(claim: Claim, adopted: boolean): void {
    const stop = new AbortController();
    const { id } = claim.job;
    const ended = this.parts.runner.run(claim, adopted, stop, this.detach.signal).then(({ retryMs }) => {
      this.runs.delete(id);
      if (retryMs !== null) this.dueAt.set(id, performance.now() + retryMs);
      this.wake();
    });
    this.runs.set(id, { stop, ended });
  }

  private wakeSnoozed(): void {
    for (const [id, due] of this.dueAt) {
      if (due > performance.now()) continue;
      if (this.parts.store.get(id)?.state === "snoozed") this.parts.store.transition(id, "queued", { why: "It is looked at again." });
      this.dueAt.delete(id);
    }
  }

  private backOff(error: unknown): void {
    this.lastBackOffMs = Math.min(Math.max(firstBackOffMs, this.lastBackOffMs * 2), longestBackOffMs);
    this.backOffMs = this.lastBackOffMs;
    this.parts.log.error("dispatcher.storage-fault", "the queue could not be read or written; it is tried again", {
      retryMs: this.backOffMs, error,
    });
    setTimeout(() => {
      this.backOffMs = 0;
      this.wake();
    }, this.backOffMs);
  }
}
