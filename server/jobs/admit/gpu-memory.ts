import type { Gpu } from "../../contract/system.ts";

/** Desktops and idle tools take a part of a card, and a training lives with that: below this share nobody is told to wait. */
const usualShare = 0.25;
/** With so much free a training of FLUX.1 with an 8-bit model begins in any case. */
const enoughFreeMib = 20 * 1024;

/**
 * Whether other programs hold so much of a GPU's memory that a training would only fail: more than a quarter of it, and
 * less than 20 GiB are left. Asked when no tool of ours runs there. What is not known never holds anything back.
 */
export function isTaken({ memoryTotalMib, memoryUsedMib }: Pick<Gpu, "memoryTotalMib" | "memoryUsedMib">): boolean {
  if (memoryTotalMib === null || memoryUsedMib === null) return false;
  return memoryUsedMib > memoryTotalMib * usualShare && memoryTotalMib - memoryUsedMib < enoughFreeMib;
}

export function takenText(gpu: Gpu): string {
  const gib = (mib: number | null) => ((mib ?? 0) / 1024).toFixed(1);
  return `Waits for GPU memory: other programs use ${gib(gpu.memoryUsedMib)} of ${gib(gpu.memoryTotalMib)} GiB of ${gpu.name}. End them; it is looked at every 15 seconds.`;
}
