import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { repairTail } from "./tail.ts";

/**
 * An append is synchronous, so all files share one place for the bytes of long texts: new ones would burden the heap until
 * it is collected. Only a flood needs it.
 */
let room: Buffer | null = null;
const roomBytes = 1024 * 1024;
const shortText = 16 * 1024;
const longestUtf8 = 3;

/**
 * Appends whole lines to one file, mode 0600, and never throws. A failing disk is counted: after a failed append the
 * file ends with its last whole line again, and the next append tries anew.
 */
export class Appender {
  private fd: number | null = null;
  private bytes = 0;
  private failed = "";
  /** The file may end inside a line because it could not be cut back. */
  private isTorn = false;

  constructor(readonly path: string) {}

  get size(): number {
    return this.bytes;
  }

  /** Why the last append failed; empty when it worked. */
  get failure(): string {
    return this.failed;
  }

  /** Opens the file if it is closed. The number of its last line, or null when it cannot be opened. */
  open(): number | null {
    try {
      const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
      this.fd = openSync(this.path, flags, 0o600);
      const tail = repairTail(this.fd);
      this.bytes = tail.size;
      this.isTorn = false;
      return tail.lastLine;
    } catch (error) {
      this.close();
      this.failed = reasonOf(error);
      return null;
    }
  }

  get isOpen(): boolean {
    return this.fd !== null;
  }

  /** True when every byte is in the file. `text` ends with a newline. */
  append(text: string): boolean {
    if (this.fd === null && this.open() === null) return false;
    const fd = this.fd!;
    const data = toBytes(this.isTorn ? `\n${text}` : text);
    let written = 0;
    try {
      while (written < data.length) written += writeSync(fd, data, written);
      this.bytes += written;
      this.isTorn = false;
      this.failed = "";
      return true;
    } catch (error) {
      this.failed = reasonOf(error);
      if (written > 0) this.cutBack(fd);
      return false;
    }
  }

  /** When the open file was begun, in ms since 1970. */
  get bornAt(): number {
    return this.fd === null ? Date.now() : fstatSync(this.fd).birthtimeMs || Date.now();
  }

  close(): void {
    if (this.fd === null) return;
    try {
      closeSync(this.fd);
    } catch {
      // The descriptor is gone either way; what was lost was already counted by append.
    }
    this.fd = null;
  }

  private cutBack(fd: number): void {
    try {
      ftruncateSync(fd, this.bytes);
    } catch {
      this.isTorn = true; // the next line starts on a line of its own
    }
  }
}

/** Only valid until the next call. */
function toBytes(text: string): Buffer {
  if (text.length <= shortText || text.length * longestUtf8 > roomBytes) return Buffer.from(text);
  room ??= Buffer.allocUnsafeSlow(roomBytes);
  return room.subarray(0, room.write(text));
}

function reasonOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}
