import type { Check } from "../../contract/system.ts";
import type { TrainingDisk } from "../../../plugins/interfaces/training.ts";
import { formatBytes } from "./levels.ts";

/** Room that a job needs: on the volume, and on the disk of the container where that is another one. */
export interface DiskNeed {
  readonly volumeBytes: number;
  readonly scratchBytes: number;
}

export const noNeed: DiskNeed = { volumeBytes: 0, scratchBytes: 0 };

/** A log of some hours, its copy for the page, and the loss database. */
const logBytes = 64 * 1024 ** 2;
const defaultSampleBytes = 2 * 1024 ** 2;
/** Estimates are too small more often than too large. */
const margin = 1.1;

/** Without the download. One checkpoint more than are kept, because a new one is written before an old one is deleted. */
export function forecastTraining(disk: TrainingDisk): number {
  const checkpoints = disk.checkpointBytes * (disk.checkpointsKept + 1);
  const samples = disk.samples * (disk.sampleBytes ?? defaultSampleBytes);
  return Math.ceil((checkpoints + disk.optimizerBytes * 2 + samples + (disk.cacheBytes ?? 0) + logBytes) * margin);
}

/** What is still to come of a running training; at least one more save, whatever was written so far. */
export function forecastRest(disk: TrainingDisk, writtenBytes: number): number {
  const oneSave = (disk.checkpointBytes + disk.optimizerBytes) * margin;
  return Math.ceil(Math.max(forecastTraining(disk) - writtenBytes, oneSave));
}

/**
 * What is still to come, by disk. `downloadsTo`: where the missing part of the base model is put; on a disk that nobody
 * watches it counts nowhere.
 */
export function forecastNeed(disk: TrainingDisk, writtenBytes: number, downloadsTo: "volume" | "scratch" | "elsewhere"): DiskNeed {
  const download = Math.ceil((disk.downloadBytes ?? 0) * margin);
  return {
    volumeBytes: forecastRest(disk, writtenBytes) + (downloadsTo === "volume" ? download : 0),
    scratchBytes: downloadsTo === "scratch" ? download : 0,
  };
}

/** For a running training: whether what it is still going to write fits. */
export function forecastCheck(restBytes: number, freeBytes: number): Check {
  const base = { id: "disk-forecast", label: "Room for the training", checkedAt: new Date().toISOString() };
  const facts = `The running training is going to write about ${formatBytes(restBytes)}; ${formatBytes(freeBytes)} are free.`;
  if (restBytes <= freeBytes) return { ...base, state: "ok", detail: facts, fix: "" };
  return { ...base, state: "warning", detail: facts, fix: "Free some space now: a checkpoint that does not fit ends the training." };
}
