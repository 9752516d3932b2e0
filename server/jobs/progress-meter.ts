import type { JobProgress } from "../contract/job.ts";
import type { ToolHost } from "../../plugins/plugin.ts";

export type ProgressUpdate = Parameters<ToolHost["progress"]>[0];

export interface MeterOutlets {
  /** At most four times a second. */
  publish(progress: JobProgress): void;
  /** At most once a second. */
  save(progress: JobProgress): void;
}

const publishEveryMs = 250;
const saveEveryMs = 1000;
/** A speed is measured over at least this long: shorter spans are noise. */
const windowMs = 1000;
/** Weight of the newest window; the rest is what was measured before. */
const newestWeight = 0.3;

/** Thins progress out for the pages and the disk (first and last always pass) and fills in the time left. */
export class ProgressMeter {
  private readonly publisher: Throttle;
  private readonly saver: Throttle;
  private readonly pace = new Pace();

  constructor(outlets: MeterOutlets) {
    this.publisher = new Throttle(publishEveryMs, (progress) => outlets.publish(progress));
    this.saver = new Throttle(saveEveryMs, (progress) => outlets.save(progress));
  }

  update(update: ProgressUpdate, nowMs: number = performance.now()): void {
    const measured = this.pace.secondsLeft(update.step, update.totalSteps, nowMs);
    const progress: JobProgress = { ...update, etaSeconds: update.etaSeconds ?? measured, updatedAt: new Date().toISOString() };
    this.publisher.offer(progress);
    this.saver.offer(progress);
  }

  /** Lets the newest one out if it is still held back. */
  flush(): void {
    this.publisher.flush();
    this.saver.flush();
  }
}

class Throttle {
  private pending: JobProgress | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private nextAt = 0;

  constructor(
    private readonly everyMs: number,
    private readonly out: (progress: JobProgress) => void,
  ) {}

  offer(progress: JobProgress): void {
    this.pending = progress;
    const waitMs = this.nextAt - performance.now();
    if (waitMs <= 0) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), waitMs);
  }

  flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.pending === null) return;
    const newest = this.pending;
    this.pending = null;
    this.nextAt = performance.now() + this.everyMs;
    this.out(newest);
  }
}

/** Seconds for each step, smoothed. The first window is thrown away: it holds the loading, or a replay after a restart. */
class Pace {
  private start: { step: number; ms: number } | null = null;
  private windows = 0;
  private secondsPerStep: number | null = null;

  secondsLeft(step: number, totalSteps: number, nowMs: number): number | null {
    if (this.start === null || step < this.start.step) {
      this.start = { step, ms: nowMs };
    } else if (step > this.start.step && nowMs - this.start.ms >= windowMs) {
      this.measure((nowMs - this.start.ms) / 1000 / (step - this.start.step));
      this.start = { step, ms: nowMs };
    }
    return this.secondsPerStep === null ? null : Math.max(0, Math.round(this.secondsPerStep * (totalSteps - step)));
  }

  private measure(seconds: number): void {
    this.windows++;
    if (this.windows === 1) return;
    this.secondsPerStep = this.secondsPerStep === null ? seconds : newestWeight * seconds + (1 - newestWeight) * this.secondsPerStep;
  }
}
