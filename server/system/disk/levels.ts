import type { Check, SystemStatus } from "../../contract/system.ts";

export type DiskSpace = SystemStatus["disk"];

const gib = 1024 ** 3;

/** What happens below how much room. */
export interface DiskLevels {
  readonly warnBytes: number;
  readonly warnFraction: number;
  readonly trainingBytes: number;
  readonly generationBytes: number;
  /** Below it caches and old logs are deleted and the reserve is given back. */
  readonly emergencyBytes: number;
  /** A reserve is kept only where there is room for it. */
  readonly reserveFromBytes: number;
  readonly reserveBytes: number;
}

export const diskLevels: DiskLevels = {
  warnBytes: 20 * gib, warnFraction: 0.1, trainingBytes: 10 * gib, generationBytes: 5 * gib, emergencyBytes: gib,
  reserveFromBytes: 10 * gib, reserveBytes: 64 * 1024 ** 2,
};

/**
 * On a small disk the levels are shares of it: a training asks for at most a tenth to be free, pictures for a twentieth,
 * and a hundredth is the emergency. What a training really needs is told by its forecast.
 */
export function levelsOn({ totalBytes }: DiskSpace, levels: DiskLevels): DiskLevels {
  if (totalBytes <= 0) return levels;
  return {
    ...levels,
    trainingBytes: Math.min(levels.trainingBytes, totalBytes * 0.1),
    generationBytes: Math.min(levels.generationBytes, totalBytes * 0.05),
    emergencyBytes: Math.min(levels.emergencyBytes, totalBytes * 0.01),
  };
}

export function formatBytes(bytes: number): string {
  if (bytes >= 100 * gib) return `${(bytes / gib).toFixed(0)} GiB`;
  if (bytes > 0 && bytes < 1024 ** 2) return `${Math.ceil(bytes / 1024)} KiB`;
  return bytes >= gib ? `${(bytes / gib).toFixed(1)} GiB` : `${Math.max(0, Math.round(bytes / 1024 ** 2))} MiB`;
}

/** The disk in one sentence for the status page. `label` tells two disks apart. */
export function diskCheck(space: DiskSpace, ordinary: DiskLevels = diskLevels, label: { id: string; label: string } = { id: "disk", label: "Disk" }): Check {
  const levels = levelsOn(space, ordinary);
  const free = `${formatBytes(space.freeBytes)} free for ${space.path}.`;
  const check = (state: Check["state"], detail: string, fix: string): Check => ({ ...label, state, detail, fix, checkedAt: new Date().toISOString() });
  const remove = "Delete pictures, LoRAs or models that you no longer need before the next job.";
  if (space.freeBytes < levels.generationBytes) return check("error", `Only ${free} Nothing new is started below ${formatBytes(levels.generationBytes)}.`, remove);
  if (space.freeBytes < levels.trainingBytes) return check("warning", `Only ${free} No training starts below ${formatBytes(levels.trainingBytes)}.`, remove);
  if (isLow(space, levels)) return check("warning", `Only ${free}`, "A training may need 20 GiB. Free some space soon.");
  return check("ok", free, "");
}

function isLow({ freeBytes, totalBytes }: DiskSpace, levels: DiskLevels): boolean {
  return freeBytes < levels.warnBytes || (totalBytes > 0 && freeBytes < totalBytes * levels.warnFraction);
}
