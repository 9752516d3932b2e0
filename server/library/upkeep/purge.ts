import type { Database } from "bun:sqlite";
import type { Check } from "../../contract/system.ts";
import type { Paths } from "../../files/paths.ts";
import type { Service } from "../../base/lifecycle.ts";
import type { Log } from "../../base/log.ts";
import type { Characters } from "../characters.ts";
import { Erasure, type Erased } from "./erasure.ts";
import { keepMs } from "./keep-time.ts";
import type { Loras } from "../loras.ts";
import type { Outputs } from "../outputs.ts";
import type { Photos } from "../photos/photos.ts";
import type { Uploads } from "../uploads/uploads.ts";

/** Who presses undo in the last moment still gets it back. */
const graceMs = 2000;
const tickMs = 5000;
/** Rows that are taken in one transaction; requests are answered between two. */
const atOnce = 100;

/** What the queue keeps about a person. */
export interface JobsOfPersons {
  /** Whether one of them still runs or waits. */
  hasOpen(characterId: string): boolean;
  /** Rows, series, logs and folders of up to `limit` jobs. Answers how many. */
  eraseOf(characterId: string, limit: number): number;
}

export interface PurgeParts {
  readonly db: Database;
  readonly paths: Paths;
  readonly log: Log;
  readonly characters: Characters;
  readonly photos: Photos;
  readonly loras: Loras;
  readonly outputs: Outputs;
  readonly uploads: Uploads;
  readonly jobs: JobsOfPersons;
  readonly keepMs?: number;
  readonly now?: () => number;
}

/**
 * Makes true that what was deleted is gone: at start and every few seconds it takes what was deleted longer ago than the
 * keep time. It goes by `deleted_at` of the rows and by the list of files alone, so it does not matter who died when.
 */
export class Purge implements Service {
  readonly name = "purge";
  private readonly erasure: Erasure;
  private timer: ReturnType<typeof setInterval> | null = null;
  private going: Promise<void> | null = null;
  private failed: { readonly at: string; readonly what: string } | null = null;

  constructor(private readonly parts: PurgeParts) {
    this.erasure = new Erasure(parts);
  }

  start(): void {
    this.timer = setInterval(() => void this.run(), tickMs);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    await this.going;
  }

  /** One round. Never rejects: what failed is said and tried again in the next. */
  run(): Promise<void> {
    this.going ??= this.round().catch((error: unknown) => this.fail("Deleted data", error)).finally(() => { this.going = null; });
    return this.going;
  }

  checks(): Check[] {
    if (this.failed === null) return [];
    return [{
      id: "erasure", label: "Deleted files", state: "warning", checkedAt: this.failed.at, detail: `${this.failed.what} could not be erased yet.`,
      fix: "It is tried again every few seconds. See that the volume is there and can be written to.",
    }];
  }

  private async round(): Promise<void> {
    const { db, photos, loras, outputs, characters, now = Date.now } = this.parts;
    const before = new Date(now() - (this.parts.keepMs ?? keepMs + graceMs)).toISOString();
    let rows = 0;
    const take = async (some: () => number) => { rows += await this.takeAll(some); };
    await take(() => photos.takeDeleted(before, atOnce));
    await take(() => loras.takeDeleted(before, atOnce));
    await take(() => outputs.takeDeleted(before, atOnce));
    for (const id of characters.deletedBefore(before)) rows += await this.erasePerson(id);
    await this.eraseFiles();
    // What a row said would stay readable in the journal until that is written over.
    if (rows > 0) db.run("pragma wal_checkpoint(truncate)");
  }

  /** The pictures first, since they name their jobs; the person's own row last, so that a kill on the way is made good. */
  private async erasePerson(id: string): Promise<number> {
    const { characters, photos, loras, outputs, uploads, jobs } = this.parts;
    if (jobs.hasOpen(id)) return 0;
    let rows = await this.takeAll(() => outputs.takeOf(id, atOnce));
    rows += await this.takeAll(() => jobs.eraseOf(id, atOnce));
    rows += await this.takeAll(() => photos.takeOf(id, atOnce));
    rows += await this.takeAll(() => uploads.takeOf(id, atOnce));
    rows += await this.takeAll(() => loras.takeOf(id, atOnce));
    return rows + characters.erase(id);
  }

  private async takeAll(some: () => number): Promise<number> {
    for (let rows = 0; ;) {
      const taken = this.parts.db.transaction(some).immediate();
      rows += taken;
      if (taken < atOnce) return rows;
      await Bun.sleep(0);
    }
  }

  private async eraseFiles(): Promise<void> {
    let erased: Erased;
    do erased = await this.erasure.work(); while (erased.failed.length === 0 && erased.left > 0);
    const [first] = erased.failed;
    if (first === undefined) this.failed = null;
    else this.fail(`${erased.left === 1 ? "A deleted file" : `${erased.left} deleted files`} (${shortened(first.path)})`, first.error);
  }

  private fail(what: string, error: unknown): void {
    const isNew = this.failed === null;
    this.failed = { at: this.failed?.at ?? new Date().toISOString(), what };
    if (isNew) this.parts.log.warn("purge.failed", "what was deleted could not be erased yet; it is tried again", { what, error });
  }
}

function shortened(path: string): string {
  return path.length > 160 ? `${path.slice(0, 160)}…` : path;
}
