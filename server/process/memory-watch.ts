import { type MemoryReading, readMemory } from "./memory.ts";

/** What memory was like when a child ended. */
export interface MemoryEvidence {
  /** Kills for want of memory in the last seconds of the child. */
  readonly oomKills: number;
  /** The least that was left in these seconds, and of how much; null: not told. */
  readonly lowestBytes: number | null;
  readonly totalBytes: number | null;
}

const everyMs = 1_000;
/** Looks that count as the end of a child. A kill an hour ago has nothing to do with it. */
const kept = 5;
/** Below this share nothing but the kernel's own reserve is left: killers in user space act even earlier. */
const nearNothing = 0.02;

/**
 * Looks at the memory once a second while a child runs, so that a SIGKILL can be explained: the kernel says nothing to
 * the parent of whom it kills. It runs in the holder, which is there also while no server is.
 */
export class MemoryWatch {
  private readonly readings: MemoryReading[] = [];
  private readonly timer: ReturnType<typeof setInterval>;

  constructor(private readonly read: () => MemoryReading = readMemory) {
    this.look();
    this.timer = setInterval(() => this.look(), everyMs);
  }

  /** After the child's end; the watch is over then. */
  end(): MemoryEvidence {
    clearInterval(this.timer);
    const before = this.readings[0]!;
    this.look();
    const now = this.readings.at(-1)!;
    const lowest = this.readings.reduce((low, next) => (left(next) < left(low) ? next : low));
    return { oomKills: Math.max(0, now.oomKills - before.oomKills), lowestBytes: lowest.availableBytes, totalBytes: lowest.totalBytes };
  }

  private look(): void {
    this.readings.push(this.read());
    if (this.readings.length > kept) this.readings.shift();
  }
}

/** Why a killed child was killed for want of memory, as a sentence; null: nothing speaks for it. */
export function whyOutOfMemory({ oomKills, lowestBytes, totalBytes }: MemoryEvidence): string | null {
  if (oomKills > 0) return "The system ran out of memory (RAM, not GPU memory) and ended it; the kernel counted that.";
  if (lowestBytes === null || totalBytes === null || lowestBytes >= totalBytes * nearNothing) return null;
  return `It was killed while only ${megabytes(lowestBytes)} of ${megabytes(totalBytes)} of memory (RAM, not GPU memory) were left.`;
}

const left = ({ availableBytes }: MemoryReading) => availableBytes ?? Infinity;
const megabytes = (bytes: number) => `${Math.round(bytes / 1_000_000).toLocaleString("en-US")} MB`;
