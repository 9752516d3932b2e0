import type { Failure, Job } from "../../contract/job.ts";
import { waitAfter } from "../failures/back-off.ts";
import { retryText, ruleFor } from "../failures/policy.ts";
import { diskFull, tooManyAttempts } from "../failures/failures.ts";
import type { HandlerOutcome } from "./handlers/handler.ts";
import { redactFailure } from "../../logs/redact-failure.ts";
import type { Redactor } from "../../logs/redact.ts";
import type { Lanes } from "../admit/lanes.ts";
import { type DiskRoom, roomCheckMs } from "../admit/disk-room.ts";
import type { JobStore } from "../store/store.ts";
import { JobRetries, withTries } from "../store/retries.ts";
import type { Claim } from "../store/rows.ts";
import { faultCode } from "../admit/waiting-codes.ts";

/** Injected, so that a test can have its own chance and shorter waits. */
export interface RetryTiming {
  /** 0…1. */
  random(): number;
  /** Every wait is multiplied by it. */
  readonly scale: number;
}

export interface EndsParts {
  readonly store: JobStore;
  readonly room: DiskRoom;
  readonly timing: RetryTiming;
  readonly redactor: Pick<Redactor, "redact">;
  readonly lanes: Pick<Lanes, "reportFault">;
}

/** Writes down how an attempt ended, and what follows by itself. */
export class JobEnds {
  private readonly retries: JobRetries;

  constructor(private readonly parts: EndsParts) {
    this.retries = parts.store.retries;
  }

  /** Before `record`: what only counts when it is measured now. Never throws. */
  async prepare(outcome: HandlerOutcome): Promise<void> {
    const code = outcome.kind === "failed" ? outcome.failure.code : outcome.kind === "interrupted" ? outcome.fault : undefined;
    if (code !== undefined && ruleFor(code)?.kind === "wait-for-room") await this.parts.room.lookAgain();
  }

  /** In how many milliseconds the job has to be looked at again, or null. */
  record(claim: Claim, outcome: HandlerOutcome): number | null {
    const { store, redactor } = this.parts;
    const job = store.get(claim.job.id);
    if (job === null) return null;
    const { token } = claim;
    if (claim.poison !== null && job.state !== "stopping" && outcome.kind !== "succeeded") return this.fail(job, token, claim.poison);
    switch (outcome.kind) {
      case "succeeded":
        store.transition(job.id, "succeeded", { why: "Done.", token, results: outcome.results });
        return null;
      case "failed":
        return this.failed(job, claim, redactFailure(outcome.failure, redactor));
      case "stopped":
        return this.breakOff(job, claim, "The tool stopped although nobody had asked it to.");
      case "interrupted":
        return this.breakOff(job, claim, redactor.redact(outcome.why), outcome.fault);
      case "paused":
        if (job.state === "stopping") return this.cancelled(job, token);
        this.retries.paused(job.id, token, outcome.step);
        return null;
      case "snoozed":
        if (job.state !== "claimed" && job.state !== "starting") return this.breakOff(job, claim, outcome.waiting.text);
        store.transition(job.id, "snoozed", { why: outcome.waiting.text, token, waiting: outcome.waiting });
        return this.scaled(outcome.retryMs);
    }
  }

  private failed(job: Job, claim: Claim, failure: Failure): number | null {
    const { token } = claim;
    if (failure.code === faultCode) this.parts.lanes.reportFault(claim.lane, failure.why === "" ? failure.what : failure.why);
    const rule = job.state === "stopping" || failure.lasting === true ? null : ruleFor(failure.code);
    if (rule === null) return this.fail(job, token, failure);
    if (rule.kind === "wait-for-room") {
      const row = this.parts.store.row(job.id);
      const waiting = row === null ? null : this.parts.room.refusal(row);
      if (waiting === null) return this.fail(job, token, failure);
      this.retries.snooze(job.id, token, failure.what, waiting);
      return this.scaled(roomCheckMs);
    }
    this.retries.noteAdvance(job.id, failure.code);
    const earlier = this.retries.countEnds(job.id, failure.code);
    const delayMs = this.delay(failure.code, earlier + 1, (failure.retryAfterSeconds ?? 0) * 1000);
    if (delayMs === null) return this.fail(job, token, withTries(failure, earlier + 1));
    this.requeue(job, token, { code: failure.code, why: failure.what, delayMs, nextTry: earlier + 2 });
    return delayMs;
  }

  /** Broken off: as the person wished, or to be tried again. */
  private breakOff(job: Job, claim: Claim, why: string, code: "interrupted" | "disk_full" | "storage" = "interrupted"): number | null {
    const { token } = claim;
    if (job.state === "stopping") return this.cancelled(job, token);
    if (code === "disk_full") return this.failed(job, claim, diskFull(why));
    this.retries.noteAdvance(job.id, code);
    const earlier = this.retries.countEnds(job.id, code);
    const delayMs = this.delay(code, earlier + 1, 0);
    if (delayMs !== null) {
      this.requeue(job, token, { code, why, delayMs, nextTry: earlier + 2 });
      return delayMs;
    }
    const { store } = this.parts;
    if (store.transition(job.id, "interrupted", { why, token }) === "refused") return null;
    const failure = tooManyAttempts(job.title, earlier + 1, why, store.history(job.id));
    store.transition(job.id, "failed", { why: failure.what, failure });
    return null;
  }

  private requeue(job: Job, token: string, end: { code: string; why: string; delayMs: number; nextTry: number }): void {
    const rule = ruleFor(end.code);
    if (rule?.kind !== "retry") return;
    const text = retryText(end.delayMs, rule.because, end.nextTry, rule.retries + 1);
    this.retries.requeue(job.id, {
      token, why: end.why, code: end.code, delayMs: end.delayMs,
      waiting: { code: "retry", text, until: new Date(Date.now() + end.delayMs).toISOString() },
    });
  }

  private delay(code: string, failedTries: number, retryAfterMs: number): number | null {
    const rule = ruleFor(code);
    if (rule?.kind !== "retry") return null;
    const wait = waitAfter(rule, failedTries, this.parts.timing.random(), retryAfterMs);
    return wait === null ? null : this.scaled(wait);
  }

  private cancelled(job: Job, token: string): null {
    this.parts.store.transition(job.id, "cancelled", { why: "Stopped as asked; no process is left.", token });
    return null;
  }

  private fail(job: Job, token: string, failure: Failure): null {
    this.parts.store.transition(job.id, "failed", { why: failure.what, token, failure });
    return null;
  }

  private scaled(ms: number): number {
    return ms * this.parts.timing.scale;
  }
}
