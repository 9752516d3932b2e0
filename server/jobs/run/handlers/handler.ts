import type { Failure, Waiting } from "../../../contract/job.ts";
import type { JobHost } from "../host.ts";
import type { Claim } from "../../store/rows.ts";

export type HandlerOutcome =
  | { readonly kind: "succeeded"; readonly results: readonly string[] }
  | { readonly kind: "failed"; readonly failure: Failure }
  /** The person's stop took effect and no process of the job is left. */
  | { readonly kind: "stopped" }
  /** Broken off through no fault of the job: it goes back to the queue with another attempt. */
  | { readonly kind: "interrupted"; readonly why: string; /** The disk broke it off. */ readonly fault?: "disk_full" | "storage" }
  /** Gave way to pictures: everything up to `step` is safe (null: nothing was trained), and it goes on behind them. */
  | { readonly kind: "paused"; readonly step: number | null }
  /** Cannot begin yet; costs no attempt. Only before a tool was started. */
  | { readonly kind: "snoozed"; readonly waiting: Waiting; readonly retryMs: number };

/** One kind of job. Called again for the same attempt after a restart: doing it twice is the same as doing it once. */
export interface JobHandler {
  run(claim: Claim, host: JobHost): Promise<HandlerOutcome>;
}
