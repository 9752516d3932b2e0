import type { Waiting } from "../../contract/job.ts";
import { waitLeft } from "../failures/back-off.ts";
import type { Backends } from "../backends.ts";
import { retryText, ruleFor } from "../failures/policy.ts";
import { gpuWords, type LaneFault } from "./lane-names.ts";
import type { Leftovers } from "./leftovers.ts";
import type { GpuKeeper } from "../ports.ts";
import type { PauseState } from "../store/queue-pause.ts";
import type { DiskRoom } from "./disk-room.ts";
import type { JobStore } from "../store/store.ts";
import { type JobRow, pauseOf, toJob } from "../store/rows.ts";
import { anyLane } from "../store/table.ts";
import { JobRetries, pausedText } from "../store/retries.ts";
import { belongsToOtherMode, otherModeText } from "./other-mode.ts";
import { faultCode, heldCodes, otherModeCode } from "./waiting-codes.ts";
import { isForPictures } from "../../shared/job-kinds.ts";

/** Further back in the line nobody reads the exact words; they get theirs when they come nearer. */
const linesKept = 100;

/** What the sentences say about GPUs. */
export interface LaneView {
  names(): readonly string[];
  faultFor(kind: string, lane: string): LaneFault | null;
}

export interface ReasonsParts {
  readonly store: JobStore;
  readonly backends: Backends;
  readonly queueState: PauseState;
  readonly room: DiskRoom;
  readonly leftovers: Leftovers;
  readonly gpu: GpuKeeper;
  readonly lanes: LaneView;
}

/** Keeps the sentence on each waiting job true. */
export class WaitingReasons {
  private readonly retries: JobRetries;
  /** Whose sentences were kept true last; null before the first time. */
  private kept: ReadonlySet<string> | null = null;

  constructor(private readonly parts: ReasonsParts) {
    this.retries = parts.store.retries;
  }

  /** Writes only what changed. */
  explain(): void {
    const { store, queueState } = this.parts;
    const holders = store.activeRows();
    const isPaused = queueState.paused() !== null;
    let ahead = 0;
    const sentences = store.queued(linesKept).map((row) => {
      const waiting = this.reason(row, holders, ahead, isPaused);
      if (row.not_before === null && !heldCodes.has(waiting?.code ?? "")) ahead++;
      return { id: row.id, waiting, before: row.waiting };
    });
    const changed = sentences.filter(({ waiting, before }) => (waiting === null ? null : JSON.stringify(waiting)) !== before);
    const silenced = this.leftBehind(new Set(sentences.map(({ id }) => id)));
    if (changed.length + silenced.length > 0) store.setWaitings([...changed, ...silenced.map((id) => ({ id, waiting: null }))]);
  }

  /** Those that had a sentence and now stand too far back to be kept true: none is better than an old one. */
  private leftBehind(present: ReadonlySet<string>): string[] {
    const before = this.kept ?? new Set(this.parts.store.explained());
    this.kept = present;
    const stillWaits = (id: string) => {
      const row = this.parts.store.row(id);
      return row?.state === "queued" && row.not_before === null && row.waiting !== null;
    };
    return [...before].filter((id) => !present.has(id) && stillWaits(id));
  }

  private reason(row: JobRow, holders: readonly JobRow[], ahead: number, isPaused: boolean): Waiting | null {
    if (!this.parts.backends.chosen) {
      return { code: "mode_not_chosen", text: "Waits until you choose on the first page how Isengard runs on this machine." };
    }
    if (belongsToOtherMode(row, this.parts.backends.mode)) return { code: otherModeCode, text: otherModeText(row) };
    if (isPaused) return { code: "paused_queue", text: "The queue is paused." };
    const leftover = this.parts.leftovers.waiting();
    if (leftover !== null) return leftover;
    if (row.not_before !== null) return this.delay(row, row.not_before);
    const held = this.parts.room.refusal(row) ?? this.faulty(row);
    if (held !== null) return held;
    const pause = pauseOf(row);
    if (pause !== null) return { code: "paused", text: pausedText(pause), ...(pause.for === "" ? {} : { jobId: pause.for }) };
    const holder = this.blocker(row, holders);
    if (holder === null) return ahead === 0 ? null : { code: "queue", text: `Waits for ${others(ahead)} before it.` };
    const behind = ahead === 0 ? "" : `, then for ${others(ahead)}`;
    if (pauseOf(holder)?.for === row.id) {
      return { code: "gpu", text: `Waits until ${holder.subject} has saved its work and paused.`, jobId: holder.id };
    }
    const left = timeLeft(this.parts.store.notes.toJob(holder).progress?.etaSeconds ?? null);
    const gpu = gpuWords(holder.lane, this.parts.gpu.status());
    const place = gpu === null ? "" : ` on ${gpu}`;
    return { code: "gpu", text: `Waits for ${holder.subject || "another job"}${place}${left}${behind}.`, jobId: holder.id };
  }

  /** Set when every GPU that this job could have has a fault. */
  private faulty(row: JobRow): Waiting | null {
    const { lanes, gpu } = this.parts;
    const faults = this.lanesFor(row).map((lane) => ({ lane, fault: lanes.faultFor(row.kind, lane) }));
    const [first] = faults;
    if (first === undefined || first.fault === null || faults.some(({ fault }) => fault === null)) return null;
    const { reason, stays } = first.fault;
    const then = stays ? "Say on the Home page when it can be used again." : "It goes on by itself when the GPU answers again.";
    return { code: faultCode, text: `Waits because ${gpuWords(first.lane, gpu.status()) ?? "the GPU"} is not well: ${reason} ${then}` };
  }

  private lanesFor(row: JobRow): readonly string[] {
    const names = this.parts.lanes.names();
    return isForPictures(row.kind) ? names.slice(0, 1) : names;
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
    const lanes = this.lanesFor(row).filter((lane) => this.parts.lanes.faultFor(row.kind, lane) === null);
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
