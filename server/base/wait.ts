import { setTimeout as passed } from "node:timers/promises";

/** Time as the supervisor sees it; tests let it run faster. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Resolves after `ms`, or early when the signal aborts; never throws. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Resolves after `ms`, or early, without throwing, when the signal aborts. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  // The only way in which it can fail is that it was aborted.
  await passed(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}

export const realClock: Clock = { now: () => performance.now(), sleep: pause };

/** Lets those who already ask be answered. */
export const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** What `work` gives, or what `late` says once `limitMs` are over; the work itself goes on. Throws what either throws. */
export async function withLimit<T>(work: Promise<T>, limitMs: number, late: () => T): Promise<T> {
  const over = new AbortController();
  try {
    return await Promise.race([work, passed(limitMs, undefined, { signal: over.signal }).then(late)]);
  } finally {
    over.abort();
  }
}
