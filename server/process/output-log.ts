import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { defaultRotation, segmentName } from "./segments.ts";
import type { Rotation } from "./segments.ts";

/** While the disk refuses, a new attempt is made this often. */
const retryMs = 500;
/** How much of the last output goes into the record of the end. */
const lastOutputBytes = 4096;

/** Where segments are written; all of it may throw when the disk refuses. */
export interface LogDisk {
  open(segment: number): number;
  write(fd: number, bytes: Uint8Array): number;
  close(fd: number): void;
  drop(segment: number): void;
}

export function folderDisk(dir: string): LogDisk {
  return {
    open: (segment) => openSync(join(dir, segmentName(segment)), "a", 0o600),
    write: writeSync,
    close: closeSync,
    drop: (segment) => rmSync(join(dir, segmentName(segment)), { force: true }),
  };
}

/**
 * Appends a child's raw bytes to its log and never makes the child wait: what cannot be written is counted, and the
 * gap is shown in the log as soon as writing works again. Throws at once when the log cannot be begun at all.
 */
export class OutputLog {
  /** All bytes that could not be written so far. What rotation dropped later is not among them. */
  lostBytes = 0;
  /** How many of the lost bytes were the last of all; set by `finish`. */
  lostAtEnd = 0;
  private gap = 0;
  private retryAt = 0;
  private segment = 0;
  private used = 0;
  private fd: number | null;
  private readonly last = Buffer.alloc(lastOutputBytes);
  private lastLength = 0;

  constructor(private readonly disk: LogDisk, private readonly rotation: Rotation = defaultRotation, private readonly now = () => performance.now()) {
    this.fd = disk.open(0);
  }

  /** The last bytes that the child wrote, also those that the disk refused. */
  get lastOutput(): string {
    return this.last.toString("utf8", 0, this.lastLength);
  }

  append(bytes: Uint8Array): void {
    this.remember(bytes);
    if (this.gap > 0 && (this.now() < this.retryAt || !this.closeGap())) return this.lose(bytes.length);
    const written = this.write(bytes);
    if (written < bytes.length) this.lose(bytes.length - written);
  }

  /** Tells about a gap at the end, when the disk lets it. */
  finish(): void {
    this.lostAtEnd = this.gap;
    if (this.gap > 0) this.closeGap();
    if (this.fd !== null) this.disk.close(this.fd);
    this.fd = null;
  }

  private lose(count: number): void {
    if (this.gap === 0) this.retryAt = this.now() + retryMs;
    this.gap += count;
    this.lostBytes += count;
  }

  private closeGap(): boolean {
    this.retryAt = this.now() + retryMs;
    const note = Buffer.from(`\r\n[isengard: ${this.gap} bytes of output could not be written]\r\n`);
    if (this.write(note) < note.length) return false;
    this.gap = 0;
    return true;
  }

  /** How many bytes got into the files. */
  private write(bytes: Uint8Array): number {
    let done = 0;
    try {
      while (done < bytes.length) {
        const fd = this.current();
        const written = this.disk.write(fd, bytes.subarray(done, done + this.rotation.segmentBytes - this.used));
        done += written;
        this.used += written;
      }
    } catch {
      // A full or broken disk must not end the child's terminal; the gap is counted by the caller and shown later.
    }
    return done;
  }

  /** The file that has room. The oldest but the first is dropped before a new one is made: that frees its room. */
  private current(): number {
    if (this.used === this.rotation.segmentBytes) {
      if (this.fd !== null) this.disk.close(this.fd);
      this.fd = null;
      this.segment += 1;
      this.used = 0;
    }
    if (this.fd === null) {
      const oldest = this.segment - this.rotation.segments + 1;
      if (oldest > 0) this.disk.drop(oldest);
      this.fd = this.disk.open(this.segment);
    }
    return this.fd;
  }

  private remember(bytes: Uint8Array): void {
    const fresh = bytes.length > lastOutputBytes ? bytes.subarray(bytes.length - lastOutputBytes) : bytes;
    const kept = Math.min(this.lastLength, lastOutputBytes - fresh.length);
    this.last.copyWithin(0, this.lastLength - kept, this.lastLength);
    this.last.set(fresh, kept);
    this.lastLength = kept + fresh.length;
  }
}
