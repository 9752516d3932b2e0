import { join } from "node:path";
import type { KnownFailure } from "../../../server/contract/job.ts";
import { LossReader } from "../watch/loss.ts";

/** A training that ends with this share of its steps without a usable loss has overwritten what it had learned. */
const lastShare = 5;
const fewest = 2;

/**
 * Whether the last fifth of the steps had no usable loss, by the whole loss log: AI-Toolkit counts zero for what is not a
 * number and ends with exit code 0 and a complete file. Also looked at when a finished file is found by a later attempt.
 */
export function ruinedEnd(outputDir: string, steps: number): Omit<KnownFailure, "tail"> | null {
  const losses = new Map<number, number>();
  const reader = new LossReader(join(outputDir, "loss_log.db"));
  for (let news = reader.read(); news.size > 0; news = reader.read()) {
    for (const [step, value] of news.get("loss/loss") ?? []) losses.set(step, value);
  }
  const known = [...losses].toSorted(([a], [b]) => b - a);
  const usable = known.findIndex(([, value]) => Number.isFinite(value) && value !== 0);
  const bad = usable < 0 ? known.length : usable;
  if (bad < Math.max(fewest, Math.floor(steps / lastShare))) return null;
  return {
    code: "diverged", what: "The training ended, but its loss had broken down.",
    why: `The loss was zero or not a number for the last ${bad} of ${steps} steps, so the LoRA is ruined.`,
    fix: "Train again with half the learning rate. Checkpoints from before the loss broke down are kept.",
  };
}
