import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { lineNumberOf, longestLine } from "./tail.ts";

const chunkBytes = 256 * 1024;
const newline = 10;

/**
 * Reads one file of numbered lines as it was when it was opened: from any line number, in chunks of whole lines, with
 * a few hundred KiB of memory however large it is. A torn last line is not there.
 */
export class LineFile {
  private constructor(
    private readonly handle: FileHandle,
    private readonly size: number,
    readonly firstLine: number,
    readonly lastLine: number,
  ) {}

  /** Null when the file does not exist or holds no whole line. Other faults of the disk are thrown. */
  static async open(path: string): Promise<LineFile | null> {
    const handle = await openExisting(path);
    if (handle === null) return null;
    try {
      const end = await findEnd(handle, (await handle.stat()).size);
      const first = lineNumberOf((await readBytes(handle, 0, 32)).toString("latin1"));
      if (end.size > 0 && end.lastLine > 0) return new LineFile(handle, end.size, first, end.lastLine);
    } catch (error) {
      await handle.close();
      throw error;
    }
    await handle.close();
    return null;
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  /** Whole lines, joined, from shortly before the line `from` to the end. Lines beyond 1 MiB are left out. */
  async *chunks(from: number): AsyncGenerator<string> {
    let at = await this.seek(from);
    let carry: Buffer = Buffer.alloc(0);
    let isSkipping = false;
    while (at < this.size) {
      const bytes = await readBytes(this.handle, at, Math.min(chunkBytes, this.size - at));
      if (bytes.length === 0) return;
      at += bytes.length;
      const end = bytes.lastIndexOf(newline);
      if (end < 0) {
        isSkipping ||= carry.length + bytes.length > longestLine;
        carry = isSkipping ? Buffer.alloc(0) : Buffer.concat([carry, bytes]);
        continue;
      }
      const start = isSkipping ? bytes.indexOf(newline) + 1 : 0;
      yield Buffer.concat([carry, bytes.subarray(start, end + 1)]).toString("utf8");
      isSkipping = false;
      carry = Buffer.from(bytes.subarray(end + 1));
    }
  }

  /** A byte position at the beginning of a line that is not behind the line `target`. */
  private async seek(target: number): Promise<number> {
    let low = 0;
    let high = this.size;
    if (target <= this.firstLine) return 0;
    while (high - low > chunkBytes / 4) {
      const middle = low + Math.floor((high - low) / 2);
      const found = await this.lineBehind(middle, high);
      if (found === null || found.number >= target) high = middle;
      else low = found.at;
    }
    return low;
  }

  /** The first numbered line that begins behind `at` and before `limit`. */
  private async lineBehind(at: number, limit: number): Promise<{ at: number; number: number } | null> {
    for (let position = at; position < limit; position += chunkBytes / 4) {
      const bytes = await readBytes(this.handle, position, chunkBytes / 4 + 32);
      for (let end = bytes.indexOf(newline); end >= 0 && end < chunkBytes / 4; end = bytes.indexOf(newline, end + 1)) {
        const start = position + end + 1;
        if (start >= limit) return null;
        const number = lineNumberOf(bytes.toString("latin1", end + 1, end + 33));
        if (number > 0) return { at: start, number };
      }
    }
    return null;
  }
}

async function openExisting(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

/** Walks back to the last line that is whole and numbered. */
async function findEnd(handle: FileHandle, fileSize: number): Promise<{ size: number; lastLine: number }> {
  let bytes: Buffer = Buffer.alloc(0);
  let at = fileSize;
  while (at > 0 && bytes.length < 2 * longestLine) {
    const length = Math.min(chunkBytes / 4, at);
    at -= length;
    bytes = Buffer.concat([await readBytes(handle, at, length), bytes]);
    const size = at + bytes.lastIndexOf(newline) + 1;
    for (let end = bytes.lastIndexOf(newline); end >= 0; ) {
      const before = end === 0 ? -1 : bytes.lastIndexOf(newline, end - 1);
      if (before < 0 && at > 0) break;
      const number = lineNumberOf(bytes.toString("latin1", before + 1, before + 33));
      if (number > 0) return { size, lastLine: number };
      end = before;
    }
  }
  return { size: 0, lastLine: 0 };
}

async function readBytes(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let got = 0;
  while (got < length) {
    const { bytesRead } = await handle.read(buffer, got, length - got, at + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return buffer.subarray(0, got);
}
