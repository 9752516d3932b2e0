import { fstatSync, ftruncateSync, readSync } from "node:fs";

/** No line of a log file is longer; what is, is damage, and is cut off or skipped. */
export const longestLine = 1024 * 1024;
const newline = 10;

export interface Tail {
  readonly size: number;
  /** The number of the last whole line; 0 in an empty file. */
  readonly lastLine: number;
}

/** Cuts off a last line that a crash tore, and tells where numbering goes on. `fd` is open for reading and writing. */
export function repairTail(fd: number): Tail {
  let size = fstatSync(fd).size;
  let carry = Buffer.alloc(0);
  let at = size;
  let end = -1;
  while (at > 0 && carry.length < 2 * longestLine) {
    const length = Math.min(64 * 1024, at);
    at -= length;
    carry = Buffer.concat([readAt(fd, at, length), carry]);
    if (end < 0) {
      end = carry.lastIndexOf(newline);
      if (end < 0) continue;
      size = truncate(fd, size, at + end + 1);
      carry = carry.subarray(0, end + 1);
    }
    const number = lastNumber(carry, at === 0);
    if (number > 0) return { size, lastLine: number };
  }
  if (end < 0) size = truncate(fd, size, 0);
  return { size, lastLine: 0 };
}

/** From the last line backwards: the first one that carries a number. */
function lastNumber(bytes: Buffer, fromStart: boolean): number {
  let end = bytes.length - 1;
  while (end > 0) {
    const before = bytes.lastIndexOf(newline, end - 1);
    if (before < 0 && !fromStart) return 0;
    const number = lineNumberOf(bytes.toString("latin1", before + 1, Math.min(end, before + 33)));
    if (number > 0) return number;
    end = before;
  }
  return 0;
}

/** Every line that Isengard writes begins with its number. */
export function lineNumberOf(start: string): number {
  const match = /^\{"line":(\d{1,15}),/.exec(start);
  return match ? Number(match[1]) : 0;
}

export function readAt(fd: number, at: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(length);
  let got = 0;
  while (got < length) {
    const count = readSync(fd, buffer, got, length - got, at + got);
    if (count === 0) break;
    got += count;
  }
  return buffer.subarray(0, got);
}

function truncate(fd: number, size: number, to: number): number {
  if (to < size) ftruncateSync(fd, to);
  return to;
}
