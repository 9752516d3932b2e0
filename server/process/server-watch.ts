import { statSync } from "node:fs";

/** Which file a server renews while it lives (see `server/roles/running.ts`), and how long a child may go on without one. */
export interface ServerSign {
  readonly file: string;
  readonly awayMs: number;
}

/** Half an hour: longer than any restart or upgrade, short beside the price of a GPU that nobody uses. */
export const serverAwayMs = 30 * 60_000;

/** How many looks in a row must find the sign unchanged. Looks, not a time: a machine that slept wakes up with an old sign. */
const looks = 30;

/**
 * Calls `onAway` once when no server renewed its sign during `awayMs`. For a tool that only a server uses: without one it would
 * keep the GPU and its memory for ever.
 */
export class ServerWatch {
  private readonly timer: ReturnType<typeof setInterval>;
  private last: number | null;
  private unchanged = 0;

  constructor(private readonly sign: ServerSign, private readonly onAway: () => void) {
    this.last = renewedAt(sign.file);
    this.timer = setInterval(() => this.look(), Math.max(1, sign.awayMs / looks));
    this.timer.unref();
  }

  end(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const now = renewedAt(this.sign.file);
    this.unchanged = now === this.last ? this.unchanged + 1 : 0;
    this.last = now;
    if (this.unchanged < looks) return;
    this.end();
    this.onAway();
  }
}

/** null: no server announces itself, or the disk does not tell. */
function renewedAt(file: string): number | null {
  try {
    return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? null;
  } catch {
    return null;
  }
}
