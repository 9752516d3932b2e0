import { createReadStream, existsSync } from "node:fs";
import type { BunFile } from "bun";
import { basename, join } from "node:path";
import type { Lora } from "../contract/lora.ts";
import { AppError, notFound } from "../base/errors.ts";
import { writePart, type Written } from "../files/durable.ts";
import { assertOwnFolder } from "../files/own-place.ts";
import { safeOpen } from "../files/safe-open.ts";
import { newId } from "../base/ids.ts";
import { Characters } from "./characters.ts";
import type { LibraryDeps } from "./deps.ts";
import { Erasure } from "./upkeep/erasure.ts";
import { loraFault } from "./lora-file.ts";

export interface NewLora {
  readonly characterId: string;
  readonly jobId: string;
  /** A complete safetensors file; it is copied, never moved or linked. */
  readonly sourceFile: string;
  readonly steps: number;
  readonly rank: number | null;
  readonly baseModel: string;
  readonly triggerWord: string;
}

type LoraRow = Omit<Lora, "simulated" | "missing" | "photoCount"> & { readonly simulated: number; readonly fileName: string };

const selectLora = `
  select l.id, l.character_id as characterId, c.name as characterName, l.version, c.name || ' v' || l.version as name,
    l.trigger_word as triggerWord, l.base_model as baseModel, l.steps, l.rank, l.size_bytes as sizeBytes, l.sha256,
    coalesce(l.simulated, 0) as simulated, l.job_id as jobId,
    l.file_name as fileName, '/api/loras/' || l.id || '/download' as downloadUrl, l.created_at as createdAt
  from lora l join character c on c.id = l.character_id`;
const alive = "l.deleted_at is null and c.deleted_at is null";

/** Readable by the image tool, which may run as another user. */
const fileMode = 0o644;

/** Published LoRAs. A version number and its file are given once and never again, also after deleting. */
export class Loras {
  private readonly characters: Characters;
  /** Publishing is one at a time, so that two trainings of one character get two versions. */
  private last: Promise<unknown> = Promise.resolve();

  private readonly erasure: Erasure;

  constructor(private readonly deps: LibraryDeps) {
    this.characters = new Characters(deps);
    this.erasure = new Erasure(deps);
  }

  /** Newest first; LoRAs of deleted characters are left out. */
  list(characterId?: string): Lora[] {
    const rows = characterId === undefined
      ? this.deps.db.query<LoraRow, []>(`${selectLora} where ${alive} order by l.id desc`).all()
      : this.deps.db.query<LoraRow, [string]>(`${selectLora} where ${alive} and l.character_id = ? order by l.id desc`).all(characterId);
    return rows.map((row) => this.fromRow(row));
  }

  get(id: string): Lora | null {
    return this.find(`${alive} and l.id = ?`, id);
  }

  /** Called again for the same job it gives the LoRA of the first time. Throws AppError for a file that is not whole. */
  publish(input: NewLora): Promise<Lora> {
    const turn = this.last.then(() => this.publishNow(input));
    this.last = turn.catch(() => {
      // The caller of that turn got the error; the next turn is independent of it.
    });
    return turn;
  }

  /** For the image tool. */
  pathOf(lora: Lora): string {
    return join(this.deps.paths.loras, this.fileNameOf(lora));
  }

  fileNameOf(lora: Lora): string {
    return this.deps.db.query<{ name: string }, [string]>("select file_name as name from lora where id = ?").get(lora.id)!.name;
  }

  file(lora: Lora): BunFile | null {
    return safeOpen(this.deps.paths.loras, this.fileNameOf(lora));
  }

  /** Refused while a job that is not over names it. It can be brought back until the purge takes it. */
  remove(id: string): void {
    const lora = this.get(id);
    if (lora === null) throw notFound("LoRA", id);
    if (this.inUse(id)) {
      throw new AppError("conflict", `${lora.name} cannot be deleted now.`, {
        why: "A job that is running or waiting uses it.",
        fix: "Wait for the job or cancel it, then delete the LoRA.",
      });
    }
    this.deps.db.query("update lora set deleted_at = ? where id = ?").run(new Date().toISOString(), id);
    this.deps.bus.publish({ type: "lora.removed", loraId: id });
    this.characters.announce(lora.characterId);
  }

  restore(id: string): Lora {
    this.deps.db.query("update lora set deleted_at = null where id = ? and erased_at is null").run(id);
    const lora = this.get(id);
    if (lora === null) throw notFound("LoRA", id);
    this.deps.bus.publish({ type: "lora.added", lora });
    this.characters.announce(lora.characterId);
    return lora;
  }

  /** Tells the pages of all LoRAs of a person who was brought back. */
  announceOf(characterId: string): void {
    for (const lora of this.list(characterId).toReversed()) this.deps.bus.publish({ type: "lora.added", lora });
  }

  /**
   * For the purge, in its transaction: the file is written down to go, with the one that its training made. An empty row
   * stays, so that its version number is not given again. Answers how many.
   */
  takeDeleted(before: string, limit: number): number {
    const due = "select id from lora where deleted_at is not null and deleted_at <= ? and erased_at is null limit ?";
    const taken = this.deps.db.query<{ id: string }, [string, number]>(due).all(before, limit);
    for (const { id } of taken) this.noteFiles(id);
    const emptied = this.deps.db.query("update lora set erased_at = ?, file_name = id, trigger_word = '', sha256 = '' where id = ?");
    for (const { id } of taken) emptied.run(new Date().toISOString(), id);
    return taken.length;
  }

  /** All LoRAs of a deleted person, with their rows. */
  takeOf(characterId: string, limit: number): number {
    const taken = this.deps.db.query<{ id: string }, [string, number]>("select id from lora where character_id = ? limit ?").all(characterId, limit);
    for (const { id } of taken) {
      this.noteFiles(id);
      this.deps.db.query("delete from lora where id = ?").run(id);
    }
    return taken.length;
  }

  private noteFiles(id: string): void {
    const { db, paths } = this.deps;
    const row = db.query<{ name: string; jobId: string | null }, [string]>("select file_name as name, job_id as jobId from lora where id = ? and erased_at is null").get(id);
    if (row === null) return;
    const made = db.query<{ path: string }, [string | null]>("delete from artifact where job_id = ? and kind = 'lora' returning path").all(row.jobId);
    this.erasure.note([join(paths.loras, row.name), ...made.map(({ path }) => join(paths.jobs, path))]);
  }

  private async publishNow(input: NewLora): Promise<Lora> {
    const known = this.ofJob(input.jobId);
    if (known) return known;
    await assertSound(input.sourceFile);
    assertOwnFolder(this.deps.paths, this.deps.paths.loras);
    const version = this.nextVersion(input.characterId);
    // Named after the job, so that a second try after a crash replaces what the first one left.
    const fileName = `${input.triggerWord.toLowerCase()}-v${version}-${input.jobId.slice(-6)}.safetensors`;
    const path = join(this.deps.paths.loras, fileName);
    const made = [path, `${path}.part`];
    this.erasure.expect(made);
    const id = await this.copyIn(input, version, path, made).finally(() => this.erasure.letGo(made));
    const lora = this.get(id)!;
    this.deps.bus.publish({ type: "lora.added", lora });
    this.characters.announce(input.characterId);
    return lora;
  }

  private async copyIn(input: NewLora, version: number, path: string, made: readonly string[]): Promise<string> {
    const part = await writePart(path, createReadStream(input.sourceFile), fileMode);
    await part.publish();
    return this.deps.db.transaction(() => {
      this.erasure.keep(made);
      return this.insert(input, version, basename(path), part);
    }).immediate();
  }

  private insert(input: NewLora, version: number, fileName: string, written: Written): string {
    const id = newId("lor");
    this.deps.db
      .query(
        `insert into lora (id, character_id, version, file_name, trigger_word, base_model, steps, rank, size_bytes, sha256, job_id, simulated, created_at)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        id, input.characterId, version, fileName, input.triggerWord, input.baseModel, input.steps, input.rank,
        written.sizeBytes, written.sha256, input.jobId,
        this.deps.jobFacts.simulated(input.jobId), new Date().toISOString(),
      );
    return id;
  }

  private fromRow({ fileName, ...row }: LoraRow): Lora {
    return {
      ...row, simulated: row.simulated === 1, photoCount: row.jobId === null ? null : this.deps.jobFacts.photoCount(row.jobId),
      missing: !existsSync(join(this.deps.paths.loras, fileName)),
    };
  }

  private ofJob(jobId: string): Lora | null {
    return this.find("l.job_id = ?", jobId);
  }

  private find(where: string, id: string): Lora | null {
    const row = this.deps.db.query<LoraRow, [string]>(`${selectLora} where ${where}`).get(id);
    return row === null ? null : this.fromRow(row);
  }

  /** The version that the next LoRA of this character gets; numbers of deleted ones are not given again. */
  nextVersion(characterId: string): number {
    return this.deps.db
      .query<{ next: number }, [string]>("select coalesce(max(version), 0) + 1 as next from lora where character_id = ?")
      .get(characterId)!.next;
  }

  private inUse(id: string): boolean {
    return this.deps.jobFacts.usesLora(id);
  }
}

async function assertSound(path: string): Promise<void> {
  const fault = await loraFault(path);
  if (fault === null) return;
  throw new AppError("conflict", "The trained LoRA cannot be used.", { why: `The file ${fault.why}.`, fix: fault.fix });
}
