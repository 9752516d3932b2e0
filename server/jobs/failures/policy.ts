import { failureClassOf, type FailureRule } from "../../shared/failure-codes.ts";

/** What happens by itself after a failure of a class; null: it waits for a person. */
export function ruleFor(code: string): FailureRule | null {
  return failureClassOf(code).rule ?? null;
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
