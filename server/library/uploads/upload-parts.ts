import { readdirSync, statSync } from "node:fs";
import { readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../base/errors.ts";
import { FileSource } from "../../files/byte-source.ts";
import { removeFile, writePart } from "../../files/durable.ts";
import { fileDigest } from "./file-digest.ts";
import { copyPieces } from "../../pictures/strip-plan.ts";

/** A connection that breaks leaves one part; nobody's breaks this often within 50 MB. */
const partLimit = 256;

export const checksumAlgorithms = ["sha1", "sha256"] as const;

/** What the sender says about the bytes of one request. */
export interface Checksum {
  readonly algorithm: (typeof checksumAlgorithms)[number];
  readonly base64: string;
}

/**
 * The bytes of unfinished uploads: one file for each request, named after the upload and the offset of its first byte.
 * The files are the only record of how much has arrived, so a crash at any moment loses nothing that was written.
 */
export class UploadParts {
  constructor(private readonly folder: string) {}

  /** Does not wait, so that the body of a request can be taken from its first byte on. */
  received(id: string): number {
    return this.walk(id).size;
  }

  /** Bytes of the piece at `at` that lie in a file by now, proven or not. */
  arrived(id: string, at: number): number {
    return sizeOf(this.pathOf(id, at)) + sizeOf(unprovenOf(this.pathOf(id, at)));
  }

  /**
   * From the socket to the file without passing through JavaScript, which would leave megabytes of garbage. Always a
   * whole new file: Bun 1.4.5 writes a short body twice when it appends. With a checksum nothing counts before all of it
   * came and was proven, also over a crash.
   */
  async write(id: string, at: number, body: ReadableStream<Uint8Array>, checksum: Checksum | null): Promise<void> {
    if (this.walk(id).starts.length >= partLimit) {
      throw new AppError("conflict", "The upload came in too many pieces.", { fix: "Start it again with larger chunks." });
    }
    const path = this.pathOf(id, at);
    if (checksum === null) return void (await Bun.write(path, new Response(body)));
    const unproven = unprovenOf(path);
    try {
      await Bun.write(unproven, new Response(body));
      if ((await fileDigest(unproven, checksum.algorithm)) !== checksum.base64) {
        throw new AppError("checksum_mismatch", "The bytes changed on their way.", { why: `Their ${checksum.algorithm} is not the one that was sent with them.` });
      }
      await rename(unproven, path);
    } finally {
      await removeFile(unproven);
    }
  }

  /** A file with all bytes in a row; it is removed with the rest. */
  async whole(id: string): Promise<string> {
    const { starts } = this.walk(id);
    if (starts.length === 1) return this.pathOf(id, 0);
    const path = join(this.folder, `${id}.whole`);
    const part = await writePart(path, this.joined(id, starts));
    await part.publish();
    return path;
  }

  async remove(id: string): Promise<void> {
    for (const name of await readdir(this.folder)) if (name.startsWith(`${id}.`)) await removeFile(join(this.folder, name));
  }

  /** All that has arrived of an upload, by whole paths. */
  files(id: string): string[] {
    return readdirSync(this.folder).filter((name) => name.startsWith(`${id}.`)).map((name) => join(this.folder, name));
  }

  /** Removes everything that no known upload owns. */
  async sweep(isKnown: (id: string) => boolean): Promise<void> {
    for (const name of await readdir(this.folder)) if (!isKnown(name.split(".")[0]!)) await removeFile(join(this.folder, name));
  }

  private walk(id: string): { size: number; starts: number[] } {
    const starts: number[] = [];
    for (let at = 0; ;) {
      const size = sizeOf(this.pathOf(id, at));
      if (size === 0) return { size: at, starts };
      starts.push(at);
      at += size;
    }
  }

  private async *joined(id: string, starts: readonly number[]): AsyncGenerator<Uint8Array> {
    for (const start of starts) {
      const source = await FileSource.open(this.pathOf(id, start));
      try {
        yield* copyPieces(source, [{ from: 0, to: source.size }]);
      } finally {
        await source.close();
      }
    }
  }

  private pathOf(id: string, at: number): string {
    return join(this.folder, `${id}.${at}`);
  }
}

function unprovenOf(path: string): string {
  return `${path}.unproven`;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
