import { appendFileSync, mkdirSync, writeSync } from "node:fs";
import { dirname } from "node:path";

const retryMs = 2;

/**
 * Standard output of the simulated program. Writing waits for the terminal as Python's does, so a slow reader slows the
 * program and nothing is lost. With `--log` everything also goes to a file, and bars become short and plain.
 */
export class Screen {
  readonly plainBars: boolean;
  readonly #log: string | null;

  constructor(logPath: string | null) {
    this.#log = logPath;
    this.plainBars = logPath !== null;
    if (logPath !== null) mkdirSync(dirname(logPath), { recursive: true });
  }

  print(text: string): void {
    this.write(`${text}\n`);
  }

  write(text: string | Uint8Array): void {
    const bytes = typeof text === "string" ? Buffer.from(text) : text;
    for (let written = 0; written < bytes.length;) {
      try {
        written += writeSync(1, bytes, written);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
        Bun.sleepSync(retryMs);
      }
    }
    if (this.#log !== null) appendFileSync(this.#log, bytes);
  }

  /** Width that bars may use: as tqdm, the variable first, else one less than the terminal. */
  get columns(): number {
    const wanted = Number(process.env.TQDM_NCOLS ?? "");
    if (Number.isInteger(wanted) && wanted > 0) return wanted;
    return (process.stdout.columns || 80) - 1;
  }
}
