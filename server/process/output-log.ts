import { writeSync } from "node:fs";

/** Output beyond this is counted and left out, so that a babbling child cannot fill the disk. */
export const maxLogBytes = 1024 * 1024 * 1024;
/** While the disk refuses, a new attempt is made this often. */
const retryMs = 500;

export type WriteBytes = (fd: number, bytes: Uint8Array) => number;

/**
 * Appends a child's raw bytes to its log and never makes the child wait: what cannot be written is counted, and the
 * gap is shown in the log as soon as writing works again.
 */
export class OutputLog {
  /** All bytes that were left out so far. */
  lostBytes = 0;
  private gap = 0;
  private size = 0;
  private retryAt = 0;

  constructor(
    private readonly fd: number,
    private readonly writeBytes: WriteBytes = writeSync,
    private readonly limitBytes = maxLogBytes,
  ) {}

  append(bytes: Uint8Array): void {
    if (this.gap > 0 && (performance.now() < this.retryAt || !this.closeGap())) return this.lose(bytes.length);
    const room = Math.max(0, this.limitBytes - this.size);
    const written = this.write(room < bytes.length ? bytes.subarray(0, room) : bytes);
    if (written < bytes.length) this.lose(bytes.length - written);
  }

  /** Tells about a gap at the end, when the disk lets it. */
  finish(): void {
    if (this.gap > 0) this.closeGap(true);
  }

  private lose(count: number): void {
    if (this.gap === 0) this.retryAt = performance.now() + retryMs;
    this.gap += count;
    this.lostBytes += count;
  }

  private closeGap(last = false): boolean {
    this.retryAt = performance.now() + retryMs;
    if (this.size >= this.limitBytes && !last) return false;
    const note = Buffer.from(`\r\n[isengard: ${this.gap} bytes of output could not be written]\r\n`);
    const written = this.write(note);
    if (written < note.length) return false;
    this.gap = 0;
    return true;
  }

  /** How many bytes got into the file. */
  private write(bytes: Uint8Array): number {
    let done = 0;
    try {
      while (done < bytes.length) done += this.writeBytes(this.fd, bytes.subarray(done));
    } catch {
      // A full or broken disk must not end the child's terminal; the gap is counted by the caller and shown later.
    }
    this.size += done;
    return done;
  }
}
