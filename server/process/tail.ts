import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";

export interface TailOptions {
  readonly path: string;
  /** Byte offset to begin at. */
  readonly from: number;
  /** The bytes are only valid during the call. `offset` is where they begin. */
  onChunk(bytes: Uint8Array, offset: number): void;
  /** Whether nothing more will be written. Asked before each look at the file, so no last byte is missed. */
  ended(): boolean;
  /** Aborting ends the tail; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

const chunkBytes = 256 * 1024;
const shortestPauseMs = 15;
/** The longest that a line waits to be noticed. Polling, because watching files does not work on network volumes. */
const longestPauseMs = 150;

/** Follows a growing file to its end and resolves with the offset behind the last byte. Memory: one chunk. */
export async function tail(options: TailOptions): Promise<number> {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  let offset = options.from;
  let pauseMs = shortestPauseMs;
  let file: FileHandle | null = null;
  try {
    for (;;) {
      options.signal?.throwIfAborted();
      const over = options.ended();
      file ??= await openIfThere(options.path);
      const before = offset;
      if (file) offset = await readToEnd(file, buffer, offset, options);
      if (over) return offset;
      pauseMs = offset > before ? shortestPauseMs : Math.min(pauseMs * 1.5, longestPauseMs);
      await pause(pauseMs, options.signal);
    }
  } finally {
    await file?.close();
  }
}

async function readToEnd(file: FileHandle, buffer: Buffer, from: number, { onChunk, signal }: TailOptions): Promise<number> {
  for (let offset = from; ;) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, chunkBytes, offset);
    if (bytesRead === 0) return offset;
    onChunk(buffer.subarray(0, bytesRead), offset);
    offset += bytesRead;
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

/** Resolves early, without throwing, when the signal aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal?.addEventListener("abort", finish, { once: true });
  });
}
