import type { JobStore } from "./store.ts";
import type { Claim } from "./store-rows.ts";

/**
 * Settles what the last server left open, before anything new is claimed. Jobs that were running are entered again:
 * the same attempt under a new token, and whether their children live or have ended is found out by the handler.
 */
export function takeOver(store: JobStore): Claim[] {
  for (const job of store.inState("interrupted")) store.transition(job.id, "queued", { why: "Goes back into the queue." });
  for (const job of store.inState("snoozed")) store.transition(job.id, "queued", { why: "Isengard was started again." });
  return store
    .active()
    .map((job) => store.adopt(job.id, crypto.randomUUID(), "Isengard was started again and goes on with this job."))
    .filter((claim) => claim !== null);
}
