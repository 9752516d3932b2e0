import { statSync } from "node:fs";
import type { ImageJob } from "../interfaces/image.ts";

/** ComfyUI tells of parts without a place only when it applies a LoRA; later pictures come from its cache, without a word. */
const unfit = new Map<string, number>();
const limit = 200;

/** What the log said now is remembered for the same LoRAs on the same ComfyUI; a silent log answers with what was remembered. */
export function unplacedSoFar(instance: string, { model, loras }: Pick<ImageJob, "model" | "loras">, now: number): number {
  if (loras.length === 0) return 0;
  const key = JSON.stringify([instance, model, ...loras.map(({ path }) => identityOf(path)).sort()]);
  if (now === 0) return unfit.get(key) ?? 0;
  if (unfit.size >= limit) unfit.clear();
  unfit.set(key, now);
  return now;
}

/** A file that was replaced is another one. */
function identityOf(path: string): string {
  const file = statSync(path, { throwIfNoEntry: false });
  return `${path} ${file?.size ?? 0} ${file?.mtimeMs ?? 0}`;
}
