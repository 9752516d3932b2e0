import { explainSystemError } from "../base/system-error.ts";
import { pause } from "../base/wait.ts";

const defaultLimitMs = 60_000;
const pauseMs = 250;
const passing = /^(EMFILE|ENFILE|EAGAIN|ENOMEM)$/;
/** Bun tells in words alone that it got no terminal. */
const noTerminal = /^Failed to (?:open|duplicate) PTY/;

/** Whether the system had no file, process, terminal or memory left, which it may have a moment later. */
export function isShortSupply(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return "code" in error && error.code !== undefined ? passing.test(String(error.code)) : noTerminal.test(error.message);
}

/** Why, and what to do, as sentences. */
export function shortSupplyWords(error: unknown): string {
  const refusal = explainSystemError(error, "it") ?? { why: "The machine has no terminal or file left for another program.", fix: "End some programs, then try again." };
  return `${refusal.why} ${refusal.fix}`;
}

/** Begins again while the system is short of what it needs. Rejects with the last refusal after `limitMs`, with any other at once. */
export async function untilSupplied<T>(begin: () => T | Promise<T>, options: {
  readonly limitMs?: number;
  readonly signal?: AbortSignal;
  /** Called once, with the first refusal. */
  onWait?(error: unknown): void;
} = {}): Promise<T> {
  const limit = performance.now() + (options.limitMs ?? defaultLimitMs);
  for (let refusals = 0; ; refusals++) {
    try {
      return await begin();
    } catch (error) {
      if (!isShortSupply(error) || performance.now() > limit) throw error;
      if (refusals === 0) options.onWait?.(error);
      await pause(pauseMs, options.signal);
    }
  }
}
