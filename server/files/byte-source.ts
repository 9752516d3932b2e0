import { open, type FileHandle } from "node:fs/promises";

/**
 * Random access to bytes that need not be in memory. `read` gives fewer bytes only at the end. What it gives is valid
 * until the next `read`: a file's source uses one buffer over and over.
 */
export interface ByteSource {
  readonly size: number;
  read(at: number, length: number): Promise<Uint8Array>;
}

export function bytesSource(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: async (at, length) => bytes.subarray(at, at + length) };
}

export const windowBytes = 256 * 1024;

/**
 * Keeps one window of the file: walking through small headers costs no system call each, and copying a large file
 * leaves no garbage behind.
 */
export class FileSource implements ByteSource {
  private readonly buffer: Uint8Array;
  private windowAt = 0;
  private windowLength = 0;

  private constructor(private readonly handle: FileHandle, readonly size: number) {
    this.buffer = new Uint8Array(Math.min(windowBytes, size));
  }

  /** The caller closes it. */
  static async open(path: string): Promise<FileSource> {
    const handle = await open(path, "r");
    return new FileSource(handle, (await handle.stat()).size);
  }

  async read(at: number, length: number): Promise<Uint8Array> {
    const wanted = Math.max(0, Math.min(length, this.size - at));
    if (wanted > this.buffer.length) return this.readLarge(at, wanted);
    if (at < this.windowAt || at + wanted > this.windowAt + this.windowLength) {
      const { bytesRead } = await this.handle.read(this.buffer, 0, this.buffer.length, at);
      this.windowAt = at;
      this.windowLength = bytesRead;
    }
    const from = at - this.windowAt;
    return this.buffer.subarray(from, Math.min(from + wanted, this.windowLength));
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  private async readLarge(at: number, length: number): Promise<Uint8Array> {
    const buffer = new Uint8Array(length);
    const { bytesRead } = await this.handle.read(buffer, 0, length, at);
    return buffer.subarray(0, bytesRead);
  }
}
