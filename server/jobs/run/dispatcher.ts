import type { Job, Waiting } from "../../contract/job.ts";
import type { Bus } from "../../events/bus.ts";
import type { Service } from "../../base/lifecycle.ts";
import type { Log } from "../../base/log.ts";
import type { Backends } from "../backends.ts";
import { waitLeft } from "../failures/back-off.ts";
import type { Lanes } from "../admit/lanes.ts";
import type { RetryTiming } from "./ends.ts";
import { setAsideOtherMode } from "../admit/other-mode.ts";
import { takeOver } from "./recovery.ts";
import { type DiskRoom, roomCheckMs } from "../admit/disk-room.ts";
import type { Runner, RunSignals } from "./runner.ts";
import type { ServerLife } from "./server-life.ts";
import type { JobStore } from "../store/store.ts";
import { JobRetries } from "../store/retries.ts";
import { type Claim, pausingCode } from "../store/rows.ts";
import { diskCode, gpuMemoryCode } from "../admit/waiting-codes.ts";

export interface DispatcherParts {
  readonly store: JobStore;
  readonly backends: Backends;
  readonly lanes: Lanes;
  readonly runner: Runner;
  readonly serverRun: ServerLife;
  readonly room: DiskRoom;
  readonly timing: RetryTiming;
  /** Children of jobs that were just taken from them are looked for and stopped. */
  onSetAside(): void;
  /** Removes files of old jobs; answers whether there is more to do. */
  sweep(): Promise<boolean>;
  readonly bus: Bus;
  readonly log: Log;
  onStorageFault(error: unknown): void;
}

/** The bus wakes the dispatcher; this catches what no event tells, such as the time left of the running job. */
const slowTimerMs = 2000;
const sweepEveryMs = 10 * 60_000;
const firstBackOffMs = 100;
const longestBackOffMs = 5000;
/** How soon a training that found the GPU's memory taken is looked at again. */
const gpuCheckMs = 15_000;

interface Run extends RunSignals {
  readonly ended: Promise<void>;
}

/**
 * Claims jobs and has them run. A storage fault makes it wait and try again; it never ends by itself. `stop` lets go:
 * nothing new is claimed, running children live on, no job changes its state.
 */
export class Dispatcher implements Service {
  readonly name = "dispatcher";
  private readonly runs = new Map<string, Run>();
  /**
   * When a waiting job is looked at again, by the monotonic clock: setting the machine's clock changes nothing while the
   * server lives. The next server goes on with what is left of a back-off and looks at snoozed jobs at once.
   */
  private readonly dueAt = new Map<string, number>();
  private readonly detach = new AbortController();
  private unsubscribe: () => void = () => {};
  private timer: ReturnType<typeof setInterval> | null = null;
  private sweepAt = performance.now() + slowTimerMs;
  private ended = 0;
  private wakeAsked = false;
  private recovered = false;
  private backOffMs = 0;
  private lastBackOffMs = 0;

  private readonly retries: JobRetries;

  constructor(private readonly parts: DispatcherParts) {
    this.retries = parts.store.retries;
  }

  start(): void {
    this.noteLife(() => this.parts.serverRun.begin());
    this.unsubscribe = this.parts.bus.subscribe(({ event }) => {
      if (event.type === "queue.changed" || event.type === "gpu.changed") return this.wake();
      if (event.type !== "job.changed") return;
      const { id, state, waiting } = event.job;
      if (state === "stopping") this.runs.get(id)?.stop.abort();
      if (waiting?.code === pausingCode) this.runs.get(id)?.pause.abort();
      this.wake();
    });
    this.timer = setInterval(() => this.wake(), slowTimerMs);
    this.wake();
  }

  async stop(): Promise<void> {
    this.unsubscribe();
    if (this.timer !== null) clearInterval(this.timer);
    this.detach.abort();
    // First: who presses Ctrl+C twice has not seen a crash.
    this.parts.serverRun.drained();
    await Promise.all([...this.runs.values()].map((run) => run.ended));
  }

  /** A disk that refuses this costs some evidence later, and must not keep the queue from starting. */
  private noteLife(note: () => void): void {
    try {
      note();
    } catch (error) {
      this.parts.log.warn("dispatcher.life-not-noted", "the start of the server could not be written down", { error });
    }
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
    try {
      if (!this.detach.signal.aborted) this.work();
      this.lastBackOffMs = 0;
    } catch (error) {
      this.backOff(error);
    } finally {
      this.ended++;
    }
  }

  /** How many rounds have ended, also of one that has let go and does nothing: whoever looks for "nothing happens" waits for the next. */
  get rounds(): number {
    return this.ended;
  }

  private work(): void {
    if (this.parts.backends.chosen) {
      this.recoverOnce();
      this.wakeDue();
      for (const claim of this.parts.lanes.claim()) this.launch(claim, false);
    }
    this.parts.lanes.explainWaiting();
    this.parts.room.keepUp();
    this.sweepOld();
  }

  private sweepOld(): void {
    if (performance.now() < this.sweepAt) return;
    this.sweepAt = Number.POSITIVE_INFINITY;
    this.parts.sweep().then(
      (more) => void (this.sweepAt = performance.now() + (more ? 0 : sweepEveryMs)),
      (error: unknown) => {
        this.sweepAt = performance.now() + sweepEveryMs;
        this.parts.log.warn("dispatcher.sweep-failed", "the files of old jobs could not be removed; it is tried again", { error });
      },
    );
  }

  private recoverOnce(): void {
    if (this.recovered) return;
    const { store, log, serverRun, backends } = this.parts;
    this.armTimers();
    if (backends.mode !== null && setAsideOtherMode(store, log, backends.mode) > 0) this.parts.onSetAside();
    const claims = takeOver({ store, log, endOf: (id) => serverRun.endOf(id) });
    this.recovered = true;
    for (const claim of claims) {
      this.parts.room.follow(claim);
      this.launch(claim, true);
    }
  }

  private armTimers(): void {
    const [nowMs, started] = [Date.now(), performance.now()];
    for (const { id } of this.parts.store.inState("snoozed")) this.dueAt.set(id, started);
    for (const { id, notBefore, delayMs } of this.retries.delayed()) this.dueAt.set(id, started + waitLeft(notBefore, delayMs, nowMs));
  }

  private launch(claim: Claim, adopted: boolean): void {
    const signals: RunSignals = { stop: new AbortController(), pause: new AbortController() };
    const { id } = claim.job;
    const ended = this.parts.runner.run(claim, adopted, signals, this.detach.signal).then(({ retryMs }) => {
      this.runs.delete(id);
      this.parts.room.forget(id);
      if (retryMs !== null) this.dueIn(id, retryMs);
      this.wake();
    });
    this.runs.set(id, { ...signals, ended });
  }

  /** The slow timer alone would come up to two seconds late. */
  private dueIn(id: string, ms: number): void {
    this.dueAt.set(id, performance.now() + ms);
    if (ms < slowTimerMs) setTimeout(() => this.wake(), ms + 1);
  }

  private wakeDue(): void {
    for (const [id, due] of this.dueAt) {
      if (due > performance.now()) continue;
      const job = this.parts.store.get(id);
      this.dueAt.delete(id);
      if (job?.state === "queued") this.retries.release(id);
      else if (job?.state === "snoozed") this.wakeSnoozed(job);
    }
  }

  /** A job that waits for disk space stays where it is until there is some: that writes no history and uses no attempt. */
  private wakeSnoozed(job: Job): void {
    const waiting = this.whyStill(job);
    if (waiting === null) {
      this.parts.store.transition(job.id, "queued", { why: "It is looked at again." });
      return;
    }
    this.parts.store.setWaiting(job.id, waiting);
    this.dueIn(job.id, (waiting.code === diskCode ? roomCheckMs : gpuCheckMs) * this.parts.timing.scale);
  }

  private whyStill(job: Job): Waiting | null {
    const { store, room, lanes } = this.parts;
    const row = job.waiting?.code === diskCode ? store.row(job.id) : null;
    if (row !== null) return room.refusal(row);
    return job.waiting?.code === gpuMemoryCode ? lanes.stillTaken() : null;
  }

  private backOff(error: unknown): void {
    this.lastBackOffMs = Math.min(Math.max(firstBackOffMs, this.lastBackOffMs * 2), longestBackOffMs);
    this.backOffMs = this.lastBackOffMs;
    this.parts.log.error("dispatcher.storage-fault", "the queue could not be read or written; it is tried again", {
      retryMs: this.backOffMs, error,
    });
    this.parts.onStorageFault(error);
    setTimeout(() => {
      this.backOffMs = 0;
      this.wake();
    }, this.backOffMs);
  }
}
