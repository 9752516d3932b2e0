import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { FailureCounts, Job, JobMove, JobState, QueuePause, QueueView } from "../../contract/job.ts";
import { AppError, notFound } from "../../base/errors.ts";
import type { JobLibrary, JobLogOpener } from "../ports.ts";
import { belongsToOtherMode } from "../admit/other-mode.ts";
import type { JobQueue } from "./queue.ts";
import { queueView } from "./view.ts";
import { mayRetry } from "../store/states.ts";
import { runNow, type RunNowParts } from "./run-now.ts";
import type { Place } from "../store/order.ts";
import type { JobRemoval } from "../store/removal.ts";

export interface QueueActionParts extends RunNowParts {
  readonly queue: JobQueue;
  readonly library: JobLibrary;
  readonly jobLogs: JobLogOpener;
  readonly removal: JobRemoval;
  /** The folder that holds one folder for each job. */
  readonly jobsDir: string;
}

/** What a person does with jobs that were accepted. All of it is durable when it returns; refusals are AppErrors. */
export class QueueActions {
  constructor(private readonly parts: QueueActionParts) {}

  view(): QueueView {
    return queueView(this.parts.store, this.parts.queueState, this.parts.backends.simulated);
  }

  /** Counts and depths, as text for a collector. */
  metrics(): string {
    return this.parts.store.metrics();
  }

  failures(): FailureCounts {
    return this.parts.store.failures();
  }

  pause(reason: string): QueuePause {
    return this.parts.queueState.pause(reason);
  }

  resume(): void {
    this.parts.queueState.resume();
  }

  runNow(id: string): Job {
    this.assertOwnMode(this.parts.queue.demand(id));
    return runNow(this.parts, id);
  }

  move(id: string, { before, after, position }: JobMove): Job {
    this.parts.queue.demand(id);
    const place = placeOf(before, after, position);
    const neighbour = before ?? after;
    if (neighbour === id) throw new AppError("invalid_input", "A job cannot stand beside itself.", { why: "It was named as its own neighbour." });
    const done = this.parts.store.order.move(id, place);
    if (done === "neighbour-missing") {
      throw new AppError("conflict", "That job does not wait any more.", { why: `The job ${(neighbour ?? "").slice(0, 64)} has begun, has ended or was removed.` });
    }
    return this.moved(id, done);
  }

  setPriority(id: string, priority: number): Job {
    return this.moved(id, this.parts.store.order.setPriority(id, priority));
  }

  /** The same job again: a training resumes from its checkpoint, pictures that are done stay. While it backs off: now. */
  retry(id: string): Job {
    const job = this.parts.queue.demand(id);
    if (isBackingOff(job)) {
      this.parts.store.retries.release(id);
      return this.parts.queue.demand(id);
    }
    this.assertMayRetry(job);
    const done = this.parts.store.retries.again(id);
    if (done === "missing") throw notFound("job", id);
    if (typeof done === "string") throw new AppError("conflict", "This job cannot be tried again.", { why: whyNoRetry(done) });
    return done;
  }

  /** Whether `retry` would be refused for what the job itself is; throws then. */
  assertMayRetry(job: Job): void {
    if (isBackingOff(job)) return;
    this.assertOwnMode(job);
    if (!mayRetry(job.state)) throw new AppError("conflict", "This job cannot be tried again.", { why: whyNoRetry(job.state) });
    this.assertCanGoOn(job);
  }

  /** Throws where what the job was asked for is not there any more. */
  assertCanRepeat({ kind, request }: Job): void {
    if (typeof request[kind === "training" ? "characterId" : "prompt"] === "string") return;
    throw new AppError("conflict", "This job cannot be repeated.", { why: "What it was asked for cannot be read any more.", fix: "Start a new one." });
  }

  /** Its pictures and LoRAs stay. */
  remove(id: string): void {
    this.parts.queue.demand(id);
    const done = this.parts.removal.remove(id);
    if (done === "missing") throw notFound("job", id);
    if (done !== "removed") {
      throw new AppError("conflict", "This job has not ended yet.", { why: `It is ${done}.`, fix: "Stop it first, then delete it." });
    }
    this.parts.library.forgetJob(id);
    this.parts.jobLogs.remove(id);
    rmSync(join(this.parts.jobsDir, id), { recursive: true, force: true });
  }

  private moved(id: string, done: "moved" | "missing" | JobState): Job {
    if (done === "missing") throw notFound("job", id);
    if (done !== "moved") {
      throw new AppError("conflict", "Only a job that waits can be moved.", { why: `This one is ${done}.` });
    }
    return this.parts.queue.demand(id);
  }

  /** Also where nobody knows from which mode an ended job is: it is taken for one of the present mode. */
  private assertOwnMode({ id }: Job): void {
    const { store, backends } = this.parts;
    const row = store.row(id);
    if (row === null || !belongsToOtherMode(row, backends.mode)) return;
    const [own, present] = row.simulated === 1 ? ["fast-test", "production"] : ["production", "fast-test"];
    throw new AppError("conflict", `This job belongs to ${own} mode.`, {
      why: `Isengard runs in ${present} mode, and one mode never does the other's work.`,
      fix: `Change the mode to ${own}, or start a new job with the same settings here.`,
    });
  }

  private assertCanGoOn(job: Job): void {
    const { library, jobsDir } = this.parts;
    if (job.characterId !== null && library.character(job.characterId) === null) {
      throw new AppError("conflict", `The character of this ${job.kind === "training" ? "training" : "job"} was deleted.`, {
        why: "What it makes would belong to nobody.", fix: "Make the character again and start anew.",
      });
    }
    if (job.kind !== "training" || job.characterId === null) return;
    if (!existsSync(join(jobsDir, job.id, "photos"))) {
      throw new AppError("conflict", "The files of this training are not kept any more.", {
        why: "Old jobs make room for new ones.", fix: "Repeat it instead: that starts a new training with the same settings.",
      });
    }
  }
}

function placeOf(before: string | undefined, after: string | undefined, position: number | undefined): Place {
  const places: Place[] = [];
  if (before !== undefined) places.push({ before });
  if (after !== undefined) places.push({ after });
  if (position !== undefined) places.push({ position });
  const [place] = places;
  if (place !== undefined && places.length === 1) return place;
  throw new AppError("invalid_input", "It is not clear where the job is to go.", { why: "Exactly one of before, after and position is needed." });
}

/** Waits after a failure that may pass by itself. */
function isBackingOff({ state, waiting }: Job): boolean {
  return state === "queued" && waiting?.code === "retry";
}

function whyNoRetry(state: JobState): string {
  return state === "succeeded" ? "It has ended well; repeat it to have it done anew." : `It is ${state}.`;
}
