import { statfsSync } from "node:fs";
import type { Waiting } from "../contract/job.ts";

const gib = 1024 ** 3;
/** What has to be free before a job that filled the disk goes on: of the two the smaller, for small disks. */
const needed: Readonly<Record<string, { readonly bytes: number; readonly share: number }>> = {
  training: { bytes: 10 * gib, share: 0.1 },
  generation: { bytes: 5 * gib, share: 0.05 },
};
export const roomCheckMs = 30_000;

/** Why a job of this kind has to wait for disk space, or null when there is room. */
export type Room = (kind: string) => Waiting | null;

export function roomIn(folder: string, look: typeof statfsSync = statfsSync): Room {
  return (kind) => {
    const disk = lookAt(folder, look);
    if (disk === null) return null;
    const { bavail, blocks, bsize } = disk;
    const wanted = needed[kind] ?? needed["generation"]!;
    const limit = Math.min(wanted.bytes, wanted.share * blocks * bsize);
    const free = bavail * bsize;
    if (free >= limit) return null;
    return {
      code: "disk",
      text: `Waits for free disk space: ${inGb(limit)} are needed, ${inGb(free)} are free. It is looked at every ${roomCheckMs / 1000} seconds.`,
    };
  };
}

function lookAt(folder: string, look: typeof statfsSync): { bavail: number; blocks: number; bsize: number } | null {
  try {
    return look(folder);
  } catch {
    return null; // a disk that cannot be asked gives no reason to wait; the job then says what it ran into
  }
}

function inGb(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
