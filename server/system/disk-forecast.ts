import type { Check } from "../contract/system.ts";
import { formatBytes } from "./disk-levels.ts";

/** What a training is going to write. Sizes in bytes. */
export interface TrainingDisk {
  readonly checkpointBytes: number;
  /** Checkpoints that are kept beside each other. */
  readonly checkpointsKept: number;
  readonly optimizerBytes: number;
  readonly samples: number;
  readonly sampleBytes?: number;
  readonly downloadBytes?: number;
  /** Latents and text embeddings that are cached on the disk. */
  readonly cacheBytes?: number;
}

/** A log of some hours, its copy for the page, and the loss database. */
const logBytes = 64 * 1024 ** 2;
const defaultSampleBytes = 2 * 1024 ** 2;
/** Estimates are too small more often than too large. */
const margin = 1.1;

/** One checkpoint more than are kept, because a new one is written before an old one is deleted. */
export function forecastTraining(disk: TrainingDisk): number {
  const checkpoints = disk.checkpointBytes * (disk.checkpointsKept + 1);
  const samples = disk.samples * (disk.sampleBytes ?? defaultSampleBytes);
  return Math.ceil((checkpoints + disk.optimizerBytes * 2 + samples + (disk.downloadBytes ?? 0) + (disk.cacheBytes ?? 0) + logBytes) * margin);
}

/** What is still to come of a running training; at least one more save, whatever was written so far. */
export function forecastRest(disk: TrainingDisk, writtenBytes: number): number {
  const oneSave = (disk.checkpointBytes + disk.optimizerBytes) * margin;
  return Math.ceil(Math.max(forecastTraining(disk) - writtenBytes, oneSave));
}

/** For a running training: whether what it is still going to write fits. */
export function forecastCheck(restBytes: number, freeBytes: number): Check {
  const base = { id: "disk-forecast", label: "Room for the training", checkedAt: new Date().toISOString() };
  const facts = `The running training is going to write about ${formatBytes(restBytes)}; ${formatBytes(freeBytes)} are free.`;
  if (restBytes <= freeBytes) return { ...base, state: "ok", detail: facts, fix: "" };
  return { ...base, state: "warning", detail: facts, fix: "Free some space now: a checkpoint that does not fit ends the training." };
}
