import type { JobProgress } from "../../contract/job.ts";
import type { ToolHost } from "../../../plugins/plugin.ts";

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
/** About five minutes of a training whose steps take a second or less. */
const marksKept = 300;

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

interface Mark {
  readonly step: number;
  readonly ms: number;
}

/**
 * Seconds for each step: the mean over the last marks. A mean over minutes counts the pauses for samples and saves in
 * their true share; a weight on the newest would call one pause the speed of all steps to come. The first window is
 * thrown away: it holds the loading, or a replay after a restart.
 */
class Pace {
  private marks: Mark[] = [];
  private isWarm = false;

  secondsLeft(step: number, totalSteps: number, nowMs: number): number | null {
    const last = this.marks.at(-1);
    if (last === undefined || step < last.step) this.marks = [{ step, ms: nowMs }];
    else if (step > last.step && nowMs - last.ms >= windowMs) this.mark({ step, ms: nowMs });
    const first = this.marks[0]!;
    const newest = this.marks.at(-1)!;
    if (newest.step === first.step) return null;
    // All steps are made, and what follows (last samples, the file) has no pace of its own: unknown, not none.
    if (totalSteps > 0 && step >= totalSteps) return null;
    const secondsPerStep = (newest.ms - first.ms) / 1000 / (newest.step - first.step);
    return Math.max(0, Math.round(secondsPerStep * (totalSteps - step)));
  }

  private mark(mark: Mark): void {
    if (!this.isWarm) this.marks = [];
    this.isWarm = true;
    this.marks.push(mark);
    if (this.marks.length > marksKept) this.marks.shift();
  }
}
