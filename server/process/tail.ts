import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { listSegments, segmentName } from "./segments.ts";
import { pause } from "../base/wait.ts";

export interface TailOptions {
  /** The folder of the run, with the segments of its output. */
  readonly dir: string;
  /** Infinity: all output is in one file, as holders of protocol 1 wrote it. */
  readonly segmentBytes: number;
  /** Global byte offset to begin at. */
  readonly from: number;
  /** The bytes are only valid during the call. `offset` is where they begin. */
  onChunk(bytes: Uint8Array, offset: number): void;
  /** The output from `from` to `to` is there no more; the next chunk begins at `to`. */
  onDropped(from: number, to: number): void;
  /** Whether nothing more will be written. Asked before each look at the files, so no last byte is missed. */
  ended(): boolean;
  /** Aborting ends the tail; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

const chunkBytes = 256 * 1024;
const shortestPauseMs = 15;
/** The longest that a line waits to be noticed. Polling, because watching files does not work on network volumes. */
const longestPauseMs = 150;

/** Follows growing output to its end and resolves with the offset behind the last byte. Memory: one chunk. */
export async function tail(options: TailOptions): Promise<number> {
  const reader = new SegmentReader(options);
  let pauseMs = shortestPauseMs;
  try {
    for (;;) {
      options.signal?.throwIfAborted();
      const over = options.ended();
      const before = reader.offset;
      await reader.readToEnd();
      if (over) return reader.offset;
      pauseMs = reader.offset > before ? shortestPauseMs : Math.min(pauseMs * 1.5, longestPauseMs);
      await pause(pauseMs, options.signal);
    }
  } finally {
    await reader.close();
  }
}

class SegmentReader {
  offset: number;
  private readonly buffer = Buffer.allocUnsafe(chunkBytes);
  private file: FileHandle | null = null;
  private segment = -1;

  constructor(private readonly options: TailOptions) {
    this.offset = options.from;
  }

  async readToEnd(): Promise<void> {
    const { segmentBytes, signal } = this.options;
    // A segment that was looked at after a later one had been seen is full or gone: what is not there now never comes.
    let complete = -1;
    for (;;) {
      signal?.throwIfAborted();
      if (await this.readOnce()) continue;
      if (segmentBytes === Infinity) return;
      const segments = listSegments(this.options.dir);
      const next = segments.find((each) => each > this.segment);
      if (next === undefined && !(this.file === null && segments.includes(this.segment))) return;
      if (next !== undefined && complete === this.segment) this.jump(next * segmentBytes);
      complete = next === undefined ? -1 : this.segment;
    }
  }

  async close(): Promise<void> {
    await this.file?.close();
    this.file = null;
  }

  private async readOnce(): Promise<boolean> {
    const { dir, segmentBytes, onChunk } = this.options;
    const segment = Math.floor(this.offset / segmentBytes);
    if (segment !== this.segment) await this.close();
    this.segment = segment;
    this.file ??= await openIfThere(join(dir, segmentName(segment)));
    if (this.file === null) return false;
    const begin = segment === 0 ? 0 : segment * segmentBytes;
    const { bytesRead } = await this.file.read(this.buffer, 0, Math.min(chunkBytes, begin + segmentBytes - this.offset), this.offset - begin);
    if (bytesRead > 0) onChunk(this.buffer.subarray(0, bytesRead), this.offset);
    this.offset += bytesRead;
    return bytesRead > 0;
  }

  private jump(to: number): void {
    const from = this.offset;
    this.offset = to;
    if (to > from) this.options.onDropped(from, to);
  }
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
