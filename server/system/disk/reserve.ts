import { rmSync, statSync } from "node:fs";
import { open, rename } from "node:fs/promises";

const blockBytes = 1024 * 1024;

/** Room that is taken now and can be given to the databases later: on a full disk even an update is refused. */
export class ReserveFile {
  private making: Promise<void> | null = null;

  constructor(
    private readonly path: string,
    private readonly sizeBytes: number,
  ) {}

  exists(): boolean {
    return statSync(this.path, { throwIfNoEntry: false })?.size === this.sizeBytes;
  }

  /** Two who ask at once wait for one file. Random bytes, because a volume may store zeros as nothing. Written in blocks, so that requests get their turn. */
  make(): Promise<void> {
    this.making ??= this.write().finally(() => { this.making = null; });
    return this.making;
  }

  private async write(): Promise<void> {
    const block = new Uint8Array(blockBytes);
    for (let from = 0; from < blockBytes; from += 65_536) crypto.getRandomValues(block.subarray(from, from + 65_536));
    const handle = await open(`${this.path}.part`, "w", 0o600);
    try {
      for (let left = this.sizeBytes; left > 0; left -= blockBytes) await handle.write(block, 0, Math.min(left, blockBytes));
      await handle.sync();
    } catch (error) {
      rmSync(`${this.path}.part`, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
    await rename(`${this.path}.part`, this.path);
  }

  /** False when there was none, or the volume does not answer. */
  remove(): boolean {
    try {
      if (!this.exists()) return false;
      rmSync(this.path, { force: true });
      return true;
    } catch {
      return false; // tried again with the next error or the next measure
    }
  }
}
