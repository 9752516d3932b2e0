import { mkdir, open, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";

export interface Written {
  readonly sizeBytes: number;
  readonly sha256: string;
}

export interface PartFile extends Written {
  readonly path: string;
  /** Gives the file its name; after this it survives a power cut. */
  publish(): Promise<void>;
  /** May be called at any time, also after `publish`, when it does nothing. */
  discard(): Promise<void>;
}

/**
 * Writes beside the final name and syncs. Nothing is visible under `path` until `publish`, so a reader sees the whole
 * file or none. When the source throws, the part is removed and the error passed on.
 */
export async function writePart(path: string, source: AsyncIterable<Uint8Array>, mode = 0o600): Promise<PartFile> {
  await makeFolder(dirname(path));
  const partPath = takePartName(path);
  const hash = new Bun.CryptoHasher("sha256");
  let sizeBytes = 0;
  const handle = await open(partPath, "w", mode).catch((error: unknown) => {
    partNames.delete(partPath);
    throw error;
  });
  try {
    for await (const chunk of source) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      await writeAll(handle, chunk);
    }
    await handle.sync();
    await handle.chmod(mode);
  } catch (error) {
    await unlink(partPath).catch(ignoreMissing);
    partNames.delete(partPath);
    throw error;
  } finally {
    await handle.close();
  }
  return describePart(partPath, path, { sizeBytes, sha256: hash.digest("hex") });
}

/** Names of parts that are neither published nor discarded yet. */
const partNames = new Set<string>();

/** Two that write the same file at once must not write into one part. */
function takePartName(path: string): string {
  let name = `${path}.part`;
  for (let count = 2; partNames.has(name); count++) name = `${path}.${count}.part`;
  partNames.add(name);
  return name;
}

/** For small things that are already in memory. */
export async function writeDurably(path: string, bytes: Uint8Array, mode = 0o600): Promise<Written> {
  const part = await writePart(path, once(bytes), mode);
  await part.publish();
  return part;
}

/** One level only: where more is missing the volume has gone, and its files must not be begun anew on the disk below. */
async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if (!hasCode(error, "EEXIST")) throw error;
  });
}

export async function removeFile(path: string): Promise<void> {
  await unlink(path).catch(ignoreMissing);
}

function describePart(partPath: string, path: string, written: Written): PartFile {
  let open = true;
  return {
    ...written,
    path: partPath,
    async publish() {
      open = false;
      await rename(partPath, path).finally(() => partNames.delete(partPath));
      await syncFolder(dirname(path));
    },
    async discard() {
      if (!open) return;
      open = false;
      await removeFile(partPath).finally(() => partNames.delete(partPath));
    },
  };
}

/** A short write is not an error of the system call, so it has to be finished here. */
async function writeAll(handle: { write(bytes: Uint8Array, from: number): Promise<{ bytesWritten: number }> }, chunk: Uint8Array): Promise<void> {
  for (let written = 0; written < chunk.length;) written += (await handle.write(chunk, written)).bytesWritten;
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } catch (error) {
    // Some network volumes cannot sync a folder; the rename itself has happened.
    if (!hasCode(error, "EINVAL", "ENOTSUP", "EPERM")) throw error;
  } finally {
    await handle.close();
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function ignoreMissing(error: unknown): void {
  if (!hasCode(error, "ENOENT")) throw error;
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
