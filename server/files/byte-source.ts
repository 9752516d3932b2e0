import { open, type FileHandle } from "node:fs/promises";

/** Random access to bytes that need not be in memory. `read` gives fewer bytes only at the end. */
export interface ByteSource {
  readonly size: number;
  read(at: number, length: number): Promise<Uint8Array>;
}

export function bytesSource(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: async (at, length) => bytes.subarray(at, at + length) };
}

const windowBytes = 64 * 1024;

/** Keeps one window of the file, so that walking through small headers does not cost a system call each. */
export class FileSource implements ByteSource {
  private window: Uint8Array = new Uint8Array(0);
  private windowAt = 0;

  private constructor(private readonly handle: FileHandle, readonly size: number) {}

  /** The caller closes it. */
  static async open(path: string): Promise<FileSource> {
    const handle = await open(path, "r");
    return new FileSource(handle, (await handle.stat()).size);
  }

  async read(at: number, length: number): Promise<Uint8Array> {
    const wanted = Math.max(0, Math.min(length, this.size - at));
    if (wanted > windowBytes) return this.load(at, wanted);
    if (at < this.windowAt || at + wanted > this.windowAt + this.window.length) {
      this.window = await this.load(at, windowBytes);
      this.windowAt = at;
    }
    return this.window.subarray(at - this.windowAt, at - this.windowAt + wanted);
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  private async load(at: number, length: number): Promise<Uint8Array> {
    const buffer = new Uint8Array(length);
    const { bytesRead } = await this.handle.read(buffer, 0, length, at);
    return buffer.subarray(0, bytesRead);
  }
}
