import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

const quietAfterMs = 15 * 60_000;
/** A download prints several times a second, so it is said sooner. */
const downloadQuietMs = 3 * 60_000;
/** A step that takes long may take this many times longer before anybody worries. */
const stepFactor = 10;
const stepsKept = 50;

/**
 * Notices a training that shows no sign of life: no output, no progress, no file that grows. It may hang or work on
 * something long, so it is said and nothing is ended. The limit is that of the stage it is in, counted from its last sign.
 */
export class Silence {
  #since = performance.now();
  #step = 0;
  #stepAt = performance.now();
  readonly #stepMs: number[] = [];

  /** `quietMs`: tests shorten it. `folders`: whose files count as a sign of life. */
  constructor(private readonly folders: readonly string[], private readonly quietMs = quietAfterMs) {}

  heard(): void {
    this.#since = performance.now();
  }

  /** The newest step; how long steps take decides how long one may take. */
  reached(step: number, now = performance.now()): void {
    if (step <= this.#step) return;
    if (this.#step > 0) this.#stepMs.push((now - this.#stepAt) / (step - this.#step));
    if (this.#stepMs.length > stepsKept) this.#stepMs.shift();
    this.#step = step;
    this.#stepAt = now;
  }

  get limitMs(): number {
    const sorted = [...this.#stepMs].sort((one, other) => one - other);
    return Math.max(this.quietMs, stepFactor * (sorted[Math.floor(sorted.length / 2)] ?? 0));
  }

  /**
   * What to say about a silence that is too long, or null. `doing`: the stage in words. `downloaded`: while a model is
   * downloaded, how much of it there is.
   */
  async sentence(doing: string, downloaded: string | null = null): Promise<string | null> {
    const limitMs = downloaded === null ? this.limitMs : Math.min(downloadQuietMs, this.quietMs);
    if (performance.now() - this.#since < limitMs) return null;
    const grownMs = Date.now() - (await newestChange(this.folders));
    // A file's time is finer than the clock's, and the clock of a network volume may go before: a little in the future is now.
    if (Math.abs(grownMs) < limitMs) {
      this.#since = performance.now() - Math.max(0, grownMs);
      return null;
    }
    if (downloaded !== null) {
      return `Nothing of the model has arrived for ${words(limitMs)}${downloaded === "" ? "" : ` (${downloaded})`}. ` +
        "Check this machine's connection to huggingface.co. If it does not go on, stop the training and retry it: what is downloaded is kept.";
    }
    return `AI-Toolkit has shown no sign of life for ${words(limitMs)}: no output, no step, no file written (${doing}). It may hang; stop it if the GPU is idle.`;
  }
}

async function newestChange(folders: readonly string[]): Promise<number> {
  let newest = 0;
  for (const folder of folders) {
    for (const name of await readdir(folder).catch(() => [])) {
      newest = Math.max(newest, await stat(join(folder, name)).then((file) => file.mtimeMs, () => 0));
    }
  }
  return newest;
}

function words(ms: number): string {
  return ms < 120_000 ? `${Math.round(ms / 1000)} seconds` : `${Math.round(ms / 60_000)} minutes`;
}
