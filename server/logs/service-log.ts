import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { LogPage } from "../contract/log.ts";
import type { LogQuery } from "./query.ts";
import { viewLog } from "./view.ts";

/** A file put aside by rotation beyond this number is not ours. */
const highestRotation = 64;

/** The service log with the files that rotation put aside, as one log. */
export class ServiceLogView {
  constructor(private readonly path: string) {}

  async view(query: LogQuery): Promise<LogPage> {
    return viewLog(await this.files(), query);
  }

  /** Oldest first. */
  private async files(): Promise<string[]> {
    const folder = dirname(this.path);
    const name = basename(this.path);
    const numbers: number[] = [];
    for (const entry of await readdir(folder).catch(() => [])) {
      const number = entry.startsWith(`${name}.`) ? Number(entry.slice(name.length + 1)) : NaN;
      if (Number.isInteger(number) && number >= 1 && number <= highestRotation) numbers.push(number);
    }
    return [...numbers.sort((a, b) => b - a).map((number) => join(folder, `${name}.${number}`)), this.path];
  }
}
