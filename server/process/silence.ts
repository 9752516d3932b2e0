import { statSync } from "node:fs";
import { join } from "node:path";
import { listSegments, segmentName } from "./segments.ts";

/** A tool that says nothing for this long may hang; it may also work on something long, so it is told and not killed. */
export const stallAfterMs = 15 * 60_000;

export interface Stall {
  readonly quietMs: number;
}

export interface SilenceOptions {
  readonly dir: string;
  readonly segmentBytes: number;
  readonly afterMs: number;
  /** Once for each silence. */
  onStalled(stall: Stall): void;
}

export interface Silence {
  /** Output up to this offset was read. */
  grew(to: number): void;
  end(): void;
}

/** Notices when the output of a run stops growing. A silence that began under an earlier server counts from its begin. */
export function watchSilence({ dir, segmentBytes, afterMs, onStalled }: SilenceOptions): Silence {
  const before = lastGrowth(dir, segmentBytes);
  let since = performance.now() - Math.min(before.agoMs, afterMs);
  let told = false;
  const timer = setInterval(() => {
    const quietMs = performance.now() - since;
    if (told || quietMs < afterMs) return;
    told = true;
    onStalled({ quietMs });
  }, Math.max(10, afterMs / 60));
  timer.unref();
  return {
    grew: (to) => {
      if (to <= before.size) return;
      since = performance.now();
      told = false;
    },
    end: () => clearInterval(timer),
  };
}

function lastGrowth(dir: string, segmentBytes: number): { readonly size: number; readonly agoMs: number } {
  const segment = listSegments(dir).at(-1);
  if (segment === undefined) return { size: 0, agoMs: 0 };
  const { size, mtimeMs } = statSync(join(dir, segmentName(segment)));
  // A clock that was set back gives a time in the future: the silence then begins now.
  return { size: (segment === 0 ? 0 : segment * segmentBytes) + size, agoMs: Math.max(0, Date.now() - mtimeMs) };
}
