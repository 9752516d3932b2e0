import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { longestLine, readAt } from "./tail.ts";

const chunkBytes = 1024 * 1024;
const newline = 10;

/**
 * The largest `offset` that a job log holds for a run; -1 for none. Offsets of one run only grow, so the last entry
 * tells; the file is searched from its end.
 */
export function largestOffset(path: string, run: string): number {
  let fd = -1;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    const needle = Buffer.from(`"run":${JSON.stringify(run)},"offset":`);
    let behind: Buffer = Buffer.alloc(0);
    for (let at = fstatSync(fd).size; at > 0; ) {
      const length = Math.min(chunkBytes, at);
      at -= length;
      const bytes = Buffer.concat([readAt(fd, at, length), behind]);
      const found = lastOffsetIn(bytes, needle, run);
      if (found >= 0) return found;
      // The beginning may belong to a line that starts in the chunk before.
      const first = bytes.indexOf(newline);
      behind = first < 0 || first > longestLine ? Buffer.alloc(0) : Buffer.from(bytes.subarray(0, first + 1));
    }
    return -1;
  } catch {
    return -1; // a log that cannot be read holds nothing that could be doubled
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}

function lastOffsetIn(bytes: Buffer, needle: Buffer, run: string): number {
  for (let hit = bytes.lastIndexOf(needle); hit >= 0; hit = hit === 0 ? -1 : bytes.lastIndexOf(needle, hit - 1)) {
    const start = bytes.lastIndexOf(newline, hit) + 1;
    const end = bytes.indexOf(newline, hit);
    const offset = offsetOf(bytes.toString("utf8", start, end < 0 ? bytes.length : end), run);
    if (offset !== null) return offset;
  }
  return -1;
}

/** Null where the needle stood inside a message, or in a line that this chunk does not hold whole. */
function offsetOf(line: string, run: string): number | null {
  try {
    const entry = JSON.parse(line) as { run?: unknown; offset?: unknown };
    return entry.run === run && typeof entry.offset === "number" ? entry.offset : null;
  } catch {
    return null; // half a line; it is whole in the next round
  }
}
