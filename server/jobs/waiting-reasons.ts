import type { Waiting } from "../contract/job.ts";
import { waitLeft } from "./back-off.ts";
import type { Backends } from "./backends.ts";
import { retryText, ruleFor } from "./failure-policy.ts";
import type { Leftovers } from "./leftovers.ts";
import type { QueueState } from "./queue-state.ts";
import type { Room } from "./room.ts";
import type { JobStore } from "./store.ts";
import { type JobRow, pauseOf, toJob } from "./store-rows.ts";
import { anyLane } from "./store-table.ts";
import { JobRetries, pausedText } from "./store-retry.ts";

export const diskCode = "disk";

/** Further back in the line nobody reads the exact words; they get theirs when they come nearer. */
const linesKept = 100;

/** Keeps the sentence on each waiting job true. */
export class WaitingReasons {
  private readonly retries: JobRetries;

  constructor(
    private readonly store: JobStore,
    private readonly backends: Backends,
    private readonly queueState: QueueState,
    private readonly room: Room,
    private readonly leftovers: Leftovers,
    private readonly lanes: () => readonly string[],
  ) {
    this.retries = new JobRetries(store.table);
  }

  /** Writes only what changed. */
  explain(): void {
    const holders = this.store.activeRows();
    const isPaused = this.queueState.paused() !== null;
    let ahead = 0;
    for (const row of this.store.queued(linesKept)) {
      const waiting = this.reason(row, holders, ahead, isPaused);
      this.store.setWaiting(row.id, waiting);
      if (row.not_before === null && waiting?.code !== diskCode) ahead++;
    }
  }

  private reason(row: JobRow, holders: readonly JobRow[], ahead: number, isPaused: boolean): Waiting | null {
    if (!this.backends.chosen) {
      return { code: "mode_not_chosen", text: "Waits until you choose on the first page how Isengard runs on this machine." };
    }
    if (isPaused) return { code: "paused_queue", text: "The queue is paused." };
    const leftover = this.leftovers.waiting();
    if (leftover !== null) return leftover;
    if (row.not_before !== null) return this.delay(row, row.not_before);
    const noRoom = this.room.refusal(row);
    if (noRoom !== null) return noRoom;
    const pause = pauseOf(row);
    if (pause !== null) return { code: "paused", text: pausedText(pause), ...(pause.for === "" ? {} : { jobId: pause.for }) };
    const holder = this.blocker(row, holders);
    if (holder === null) return ahead === 0 ? null : { code: "queue", text: `Waits for ${others(ahead)} before it.` };
    const behind = ahead === 0 ? "" : `, then for ${others(ahead)}`;
    if (pauseOf(holder)?.for === row.id) {
      return { code: "gpu", text: `Waits until ${holder.subject} has saved its work and paused.`, jobId: holder.id };
    }
    const left = timeLeft(this.store.notes.toJob(holder).progress?.etaSeconds ?? null);
    return { code: "gpu", text: `Waits for ${holder.subject || "another job"}${left}${behind}.`, jobId: holder.id };
  }

  private delay(row: JobRow, notBefore: string): Waiting | null {
    const code = this.retries.lastEnd(row.id);
    const rule = ruleFor(code ?? "");
    if (code === null || rule?.kind !== "retry") return toJob(row).waiting;
    const left = waitLeft(notBefore, row.retry_delay_ms ?? 0, Date.now());
    return { code: "retry", text: retryText(left, rule.because, this.retries.countEnds(row.id, code) + 1, rule.retries + 1), until: notBefore };
  }

  /** Who holds the GPU that this job could have first; null while one is free for it. */
  private blocker(row: JobRow, holders: readonly JobRow[]): JobRow | null {
    const lanes = row.kind === "generation" ? this.lanes().slice(0, 1) : this.lanes();
    const taken = holders.filter((holder) => holder.lane === anyLane || lanes[0] === anyLane || lanes.includes(holder.lane));
    const isFree = taken.length < lanes.length && !taken.some((holder) => holder.lane === anyLane);
    if (taken.length === 0 || isFree) return null;
    return taken.reduce((soonest, holder) => (secondsLeft(holder) < secondsLeft(soonest) ? holder : soonest));
  }
}

function secondsLeft(row: JobRow): number {
  return toJob(row).progress?.etaSeconds ?? Number.POSITIVE_INFINITY;
}

function others(count: number): string {
  return count === 1 ? "1 other job" : `${count} other jobs`;
}

function timeLeft(seconds: number | null): string {
  if (seconds === null) return "";
  if (seconds < 60) return ", less than a minute left";
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `, about ${minutes} ${minutes === 1 ? "minute" : "minutes"} left`;
  return `, about ${Math.round(minutes / 60)} hours left`;
}
