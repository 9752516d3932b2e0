import { type DiskNeed, noNeed } from "../../system/disk/forecast.ts";
import type { MayStart } from "../../system/disk/guard.ts";
import type { DiskKeeper } from "../admit/disk-room.ts";

/** A disk whose room a test sets; it counts as the real keeper does. */
export class FakeDisk implements DiskKeeper {
  freeBytes = Number.POSITIVE_INFINITY;
  looks = 0;
  readonly expected = new Map<string, DiskNeed>();

  mayStart(kind: "training" | "generation", need: DiskNeed = noNeed): MayStart {
    this.looks++;
    const taken = [...this.expected.values()].reduce((sum, { volumeBytes }) => sum + volumeBytes, 0);
    if (this.freeBytes > 0 && this.freeBytes - taken >= need.volumeBytes) return { ok: true };
    return { ok: false, reason: `${this.freeBytes} bytes are free for ${kind}, ${need.volumeBytes} are needed.` };
  }

  expect(jobId: string, rest: DiskNeed | null): void {
    if (rest === null) this.expected.delete(jobId);
    else this.expected.set(jobId, rest);
  }

  async refresh(): Promise<void> {}
}
