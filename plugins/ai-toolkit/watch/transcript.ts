import type { OutputLine } from "../../plugin.ts";
import { plainText } from "./bars.ts";

/** Lines kept for finding the cause of a failure, and the longest that is looked at. */
const keptLines = 400;
const maxLineLength = 4000;
const tailLines = 40;
const maxTailLineLength = 400;

/**
 * The output as plain lines, without the job file that AI-Toolkit prints first: that holds a user's prompts, and a
 * prompt may read like an error.
 */
export class Transcript {
  readonly #lines: string[] = [];
  #inEcho = false;
  #echoed = false;

  /** Returns the plain text when it belongs to the program's own words, else null. */
  add(line: OutputLine): string | null {
    const text = plainText(line.text.slice(0, maxLineLength));
    if (this.#isEcho(text)) return null;
    if (!line.redraw && text.trim() !== "") {
      this.#lines.push(text);
      if (this.#lines.length > keptLines) this.#lines.shift();
    }
    return text;
  }

  lines(): readonly string[] {
    return this.#lines;
  }

  tail(): string[] {
    return this.#lines.slice(-tailLines).map((line) => line.slice(0, maxTailLineLength));
  }

  /** The job file is printed once, from a line `{` to a line `}`; every line between is indented. */
  #isEcho(text: string): boolean {
    if (this.#inEcho) {
      if (text === "}") this.#inEcho = false;
      return true;
    }
    if (this.#echoed || text !== "{") return false;
    this.#inEcho = true;
    this.#echoed = true;
    return true;
  }
}
