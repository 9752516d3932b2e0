import type { JobState } from "../../contract/job.ts";

/**
 * The whole life of a job. A job in an active state holds the lease of its lane; a final state is left only when a person
 * asks for it (`mayRetry`).
 * `stopping` leads nowhere but to an end, so a job that a person stopped can never run again.
 */
export const transitions: Readonly<Record<JobState, readonly JobState[]>> = {
  queued: ["claimed", "cancelled", "failed"],
  claimed: ["starting", "stopping", "failed", "interrupted", "snoozed"],
  starting: ["running", "stopping", "succeeded", "failed", "interrupted", "snoozed"],
  running: ["stopping", "succeeded", "failed", "interrupted", "snoozed"],
  stopping: ["cancelled", "succeeded", "failed"],
  snoozed: ["queued", "cancelled"],
  interrupted: ["queued", "cancelled", "failed"],
  succeeded: [],
  failed: [],
  cancelled: [],
};

export const allStates = Object.keys(transitions) as JobState[];
export const activeStates = ["claimed", "starting", "running", "stopping"] as const satisfies readonly JobState[];
export const finalStates = ["succeeded", "failed", "cancelled"] as const satisfies readonly JobState[];
export const openStates: readonly JobState[] = allStates.filter((state) => transitions[state].length > 0);

export function mayGo(from: JobState, to: JobState): boolean {
  return transitions[from]?.includes(to) ?? false;
}

/** What a person may have tried again as the same job. */
export function mayRetry(state: JobState): boolean {
  return state === "failed" || state === "cancelled";
}

/** Waits for its turn: it can be moved, and nobody runs it. */
export function isWaiting(state: JobState): boolean {
  return state === "queued" || state === "snoozed" || state === "interrupted";
}

export function isFinal(state: JobState): boolean {
  return finalStates.some((final) => final === state);
}

export function isOpen(state: JobState): boolean {
  return !isFinal(state);
}

/** The job holds the lease of its lane, and a child of it may be alive. */
export function isActive(state: JobState): boolean {
  return activeStates.some((active) => active === state);
}
