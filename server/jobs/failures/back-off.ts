import type { RetryRule } from "../../shared/failure-codes.ts";

/** How long to wait before each new try of one class of failure. */
type BackOff = Pick<RetryRule, "retries" | "firstMs" | "factor">;

/** A wait lies this share below or above its middle, so that what failed together does not come back together. */
export const jitter = 0.2;
/** No single wait is longer, whatever the other side asks for. */
export const longestWaitMs = 60 * 60_000;

/**
 * The wait after try number `failedTries` (1 for the first), or null when that was the last one. `random` in 0…1.
 * A time that the other side named (Retry-After) is never undercut, up to an hour.
 */
export function waitAfter(backOff: BackOff, failedTries: number, random: number, retryAfterMs = 0): number | null {
  if (failedTries > backOff.retries) return null;
  const middle = backOff.firstMs * backOff.factor ** (failedTries - 1);
  const jittered = middle * (1 - jitter + 2 * jitter * random);
  return Math.min(longestWaitMs, Math.max(jittered, retryAfterMs));
}

/** What is left of a wait after a restart. A clock that was set back cannot make it longer, one set forward ends it. */
export function waitLeft(notBefore: string, delayMs: number, nowMs: number): number {
  const left = Date.parse(notBefore) - nowMs;
  return Number.isFinite(left) ? Math.min(delayMs, Math.max(0, left)) : 0;
}
