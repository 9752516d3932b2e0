const firstDelayMs = 1_000;
const maxDelayMs = 60_000;
const jitter = 0.2;
/** This many crashes within the window, and nobody believes any more that another start helps. */
export const maxCrashes = 5;
const crashWindowMs = 10 * 60_000;

/** When to start a crashed tool again, and when to give up. */
export class CrashHistory {
  private times: number[] = [];

  /** `at` in milliseconds of a monotonic clock. Tells how long to wait, or that it is time to give up. */
  crashed(at: number, random: () => number = Math.random): { readonly giveUp: boolean; readonly delayMs: number } {
    this.times = [...this.times.filter((time) => at - time < crashWindowMs), at];
    const delay = Math.min(maxDelayMs, firstDelayMs * 2 ** (this.times.length - 1));
    return { giveUp: this.times.length >= maxCrashes, delayMs: delay * (1 - jitter + 2 * jitter * random()) };
  }

  clear(): void {
    this.times = [];
  }
}
