import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Check } from "../../contract/system.ts";
import type { Service } from "../../base/lifecycle.ts";
import type { Log } from "../../base/log.ts";

export interface SyncWatchOptions {
  readonly folder: string;
  readonly log: Log;
  readonly intervalMs?: number;
  readonly slowMs?: number;
}

const defaultIntervalMs = 20_000;
/** Longer than any disk of this machine takes by far; everything that is saved then waits as long. */
const defaultSlowMs = 2_000;

/**
 * Measures again and again how long the volume takes to keep one byte for certain. It waits beside the server, not in its
 * way: a disk that takes seconds is a reason to warn, never to take a program for dead.
 */
export class SyncWatch implements Service {
  readonly name = "sync-watch";
  private timer: ReturnType<typeof setInterval> | null = null;
  private askedAt: number | null = null;
  private slow: { readonly at: string; readonly tookMs: number } | null = null;

  constructor(private readonly options: SyncWatchOptions) {}

  start(): void {
    this.timer = setInterval(() => void this.look(), this.options.intervalMs ?? defaultIntervalMs);
  }

  /** A disk that does not answer is not waited for. */
  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
  }

  /** Never throws; one look at a time. */
  async look(): Promise<void> {
    if (this.askedAt !== null) return;
    this.askedAt = performance.now();
    try {
      await keepOneByte(join(this.options.folder, ".sync"));
      this.note(performance.now() - this.askedAt);
    } catch {
      // That a disk refuses is noticed and said where it is written to.
    } finally {
      this.askedAt = null;
    }
  }

  checks(): Check[] {
    const { folder, slowMs = defaultSlowMs } = this.options;
    const waitedMs = this.askedAt === null ? 0 : performance.now() - this.askedAt;
    const worst = Math.max(waitedMs, this.slow?.tookMs ?? 0);
    if (worst < slowMs) return [];
    const detail = `The disk of ${folder} ${waitedMs >= slowMs ? "has not stored a single byte for" : "needed"} ${(worst / 1000).toFixed(1)} s${waitedMs >= slowMs ? "." : " to store a single byte."}`;
    const fix = "Everything that is saved waits that long, so the page is slow; running work is not harmed. Look for a program that writes much, or use a faster disk.";
    return [{ id: "disk-speed", label: "Disk speed", state: "warning", detail, fix, checkedAt: waitedMs >= slowMs ? new Date().toISOString() : this.slow!.at }];
  }

  private note(tookMs: number): void {
    const isSlow = tookMs >= (this.options.slowMs ?? defaultSlowMs);
    if (isSlow && this.slow === null) this.options.log.warn("disk.slow", "the disk takes long to store anything", { tookMs: Math.round(tookMs) });
    this.slow = isSlow ? { at: new Date().toISOString(), tookMs } : null;
  }
}

async function keepOneByte(path: string): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    await file.write("i");
    await file.datasync();
  } finally {
    await file.close();
  }
}
