import { readdirSync } from "node:fs";
import { runFiles } from "./records.ts";

/**
 * The output of a run lies in files of one size, so the number of a file and a place in it are a global byte offset and
 * no index can be out of date. A segment is begun only when the one before it is full. The first is kept for ever.
 */
export interface Rotation {
  readonly segmentBytes: number;
  /** How many are kept: the first and the newest. What lies between them is dropped, so no child can fill the disk. */
  readonly segments: number;
}

export const defaultRotation: Rotation = { segmentBytes: 64 * 1024 * 1024, segments: 16 };

export function segmentName(segment: number): string {
  return segment === 0 ? runFiles.log : `${runFiles.log}.${segment}`;
}

/** The numbers of the segments that are there, ascending. */
export function listSegments(dir: string): number[] {
  const found = readdirSync(dir).map(segmentOf).filter((segment) => segment !== null);
  return found.sort((one, other) => one - other);
}

function segmentOf(name: string): number | null {
  if (name === runFiles.log) return 0;
  const number = name.startsWith(`${runFiles.log}.`) ? name.slice(runFiles.log.length + 1) : "";
  return /^[1-9]\d*$/.test(number) ? Number(number) : null;
}

export function droppedNote(bytes: number): string {
  return `[isengard: ${bytes} bytes of output were dropped]`;
}
