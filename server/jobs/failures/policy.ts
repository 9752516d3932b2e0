import type { BackOff } from "./back-off.ts";

/** What happens by itself after a failure of a class. Whatever is not named here waits for a person. */
export type FailureRule =
  | ({ readonly kind: "retry"; /** Follows "Tries again in 40 s because". */ readonly because: string } & BackOff)
  /** Waits until the disk has room and uses no attempt; fails where there is room, for then waiting changes nothing. */
  | { readonly kind: "wait-for-room" };

/** Six tries within an hour. */
const slowly: BackOff = { retries: 5, firstMs: 40_000, factor: 2.5 };
/** A job that takes its worker down three times is parked. */
const soon: BackOff = { retries: 2, firstMs: 1_000, factor: 4 };
const once: BackOff = { retries: 1, firstMs: 5_000, factor: 2 };

/**
 * Failure class → automatic action. Classes of credentials, settings, GPU memory, a diverged loss, an incomplete
 * installation and everything unknown are left out on purpose: the same would only happen again. The same goes for a
 * damaged file that is not ours to remove, which its failure calls `lasting`.
 */
export const failurePolicy: Readonly<Record<string, FailureRule>> = {
  network: { kind: "retry", ...slowly, because: "the network failed" },
  interrupted: { kind: "retry", ...soon, because: "it was interrupted" },
  storage: { kind: "retry", ...slowly, because: "the disk could not be read or written" },
  short_supply: { kind: "retry", ...slowly, because: "the machine could start no further program" },
  killed: { kind: "retry", ...once, because: "it was killed from outside" },
  host_oom: { kind: "retry", ...once, because: "the machine ran out of memory" },
  native_crash: { kind: "retry", ...once, because: "the tool crashed" },
  port: { kind: "retry", ...soon, because: "a port was taken" },
  status_locked: { kind: "retry", ...soon, because: "a file was locked for too long" },
  corrupt_model: { kind: "retry", ...once, because: "a damaged file was set aside" },
  disk_full: { kind: "wait-for-room" },
};

export function ruleFor(code: string): FailureRule | null {
  return Object.hasOwn(failurePolicy, code) ? failurePolicy[code]! : null;
}

/** "Tries again in 40 s because the network failed (try 2 of 6)." */
export function retryText(leftMs: number, because: string, nextTry: number, tries: number): string {
  return `Tries again ${inWords(leftMs)} because ${because} (try ${nextTry} of ${tries}).`;
}

/** Coarse on purpose: each other text is a write and an event. */
function inWords(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds <= 0) return "now";
  if (seconds <= 10) return "in a few seconds";
  if (seconds < 100) return `in ${Math.ceil(seconds / 10) * 10} s`;
  const minutes = Math.round(seconds / 60);
  return minutes === 1 ? "in a minute" : `in ${minutes} minutes`;
}
