import type { BunFile } from "bun";
import { join } from "node:path";
import type { Output, OutputSettings } from "../contract/output.ts";
import { notFound } from "../base/errors.ts";
import { writePart } from "../files/durable.ts";
import { assertOwnFolder } from "../files/own-place.ts";
import { insideOf, safeOpen } from "../files/safe-open.ts";
import { newId } from "../base/ids.ts";
import { Characters } from "./characters.ts";
import type { LibraryDeps } from "./deps.ts";
import { Erasure } from "./upkeep/erasure.ts";
import { pngSize, withPngJson } from "../pictures/png-text.ts";
import { makeThumbnail } from "../pictures/thumbnails.ts";

export interface OutputQuery {
  readonly characterId?: string | undefined;
  readonly jobId?: string | undefined;
  /** Id of the last one of the page before. */
  readonly before?: string | undefined;
  readonly limit: number;
}

export interface NewOutput {
  readonly jobId: string;
  readonly index: number;
  readonly characterId: string | null;
  /** A whole PNG. */
  readonly bytes: Uint8Array;
  readonly settings: OutputSettings;
}

interface Made {
  readonly id: string;
  readonly input: NewOutput;
  readonly size: { readonly width: number; readonly height: number };
  readonly sizeBytes: number;
  readonly made: readonly string[];
}

type OutputRow = Omit<Output, "settings" | "simulated" | "url" | "thumbnailUrl"> & { settings: string; simulated: number };

const selectOutput = `
  select id, job_id as jobId, "index", character_id as characterId, width, height, size_bytes as sizeBytes, settings, coalesce(simulated, 0) as simulated,
    created_at as createdAt from output`;
/** Pictures of a deleted person are deleted with it. */
const alive = `deleted_at is null and not exists (select 1 from character c where c.id = output.character_id and c.deleted_at is not null)`;

export const outputPageLimit = 200;
const source = async function* (bytes: Uint8Array) { yield bytes; };

/** Generated pictures. Each is a PNG that carries its own settings, under an id of ours. */
export class Outputs {
  private readonly erasure: Erasure;
  private readonly characters: Characters;

  constructor(private readonly deps: LibraryDeps) {
    this.erasure = new Erasure(deps);
    this.characters = new Characters(deps);
  }

  /** Newest first. `next` is the `before` of the next page, null on the last one. */
  list(query: OutputQuery): { outputs: Output[]; next: string | null } {
    const limit = Math.max(1, Math.min(query.limit, outputPageLimit));
    const wanted: Array<[sql: string, value: string]> = [];
    if (query.characterId !== undefined) wanted.push(["character_id = ?", query.characterId]);
    if (query.jobId !== undefined) wanted.push(["job_id = ?", query.jobId]);
    if (query.before !== undefined) wanted.push(["id < ?", query.before]);
    const where = wanted.map(([sql]) => ` and ${sql}`).join("");
    const rows = this.deps.db
      .query<OutputRow, Array<string | number>>(`${selectOutput} where ${alive}${where} order by id desc limit ?`)
      .all(...wanted.map(([, value]) => value), limit + 1);
    const outputs = rows.slice(0, limit).map(fromRow);
    return { outputs, next: rows.length > limit ? outputs.at(-1)!.id : null };
  }

  get(id: string): Output | null {
    const row = this.deps.db.query<OutputRow, [string]>(`${selectOutput} where ${alive} and id = ?`).get(id);
    return row ? fromRow(row) : null;
  }

  /** Also true for one that was deleted since: it must not be made again. */
  has(jobId: string, index: number): boolean {
    return this.deps.db.query('select 1 from output where job_id = ? and "index" = ?').get(jobId, index) !== null;
  }

  /** Keeps the first picture of an index; both file and row are durable when it resolves. */
  async store(input: NewOutput): Promise<Output> {
    const size = pngSize(input.bytes);
    if (size === null) throw new Error(`Picture ${input.index} of ${input.jobId} is not a PNG.`);
    const known = this.first(input.jobId, input.index);
    if (known) return known;
    const id = newId("out");
    assertOwnFolder(this.deps.paths, this.deps.paths.outputs);
    const made = [this.pathOf(id), `${this.pathOf(id)}.part`];
    this.erasure.expect(made);
    try {
      const part = await writePart(this.pathOf(id), source(await withPngJson(input.bytes, "isengard", input.settings)));
      await part.publish();
      if (!this.insert({ id, input, size, sizeBytes: part.sizeBytes, made })) return this.first(input.jobId, input.index)!;
    } finally {
      await this.erasure.letGo(made);
    }
    const output = this.get(id)!;
    this.deps.bus.publish({ type: "output.added", output });
    this.countChanged(output);
    return output;
  }

  /** It can be brought back until the purge takes it. */
  remove(id: string): void {
    const output = this.get(id);
    if (output === null) throw notFound("picture", id);
    this.deps.db.query("update output set deleted_at = ? where id = ?").run(new Date().toISOString(), id);
    this.deps.bus.publish({ type: "output.removed", outputId: id });
    this.countChanged(output);
  }

  restore(id: string): Output {
    this.deps.db.query("update output set deleted_at = null where id = ? and erased_at is null").run(id);
    const output = this.get(id);
    if (output === null) throw notFound("picture", id);
    this.deps.bus.publish({ type: "output.added", output });
    this.countChanged(output);
    return output;
  }

  /**
   * For the purge, in its transaction: the files are written down to go. An empty row stays, so that a job which is tried
   * again does not make the picture anew. Answers how many.
   */
  takeDeleted(before: string, limit: number): number {
    const due = "select id from output where deleted_at is not null and deleted_at <= ? and erased_at is null limit ?";
    const emptied = `update output set erased_at = ?, character_id = null, settings = '{}' where id in (${due}) returning id`;
    return this.noteFiles(this.deps.db.query<{ id: string }, [string, string, number]>(emptied).all(new Date().toISOString(), before, limit));
  }

  /** All pictures of a deleted person, with their rows. */
  takeOf(characterId: string, limit: number): number {
    const some = "delete from output where id in (select id from output where character_id = ? limit ?) returning id";
    return this.noteFiles(this.deps.db.query<{ id: string }, [string, number]>(some).all(characterId, limit));
  }

  /** False: this index has a picture already. */
  private insert({ id, input, size, sizeBytes, made }: Made): boolean {
    const insert = this.deps.db.query(
      `insert or ignore into output (id, job_id, "index", character_id, width, height, size_bytes, settings, simulated, created_at)
       values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?10, ?9)`,
    );
    return this.deps.db.transaction(() => {
      const { changes } = insert.run(
        id, input.jobId, input.index, input.characterId, size.width, size.height, sizeBytes, JSON.stringify(input.settings), new Date().toISOString(),
        this.deps.jobFacts.simulated(input.jobId),
      );
      if (changes > 0) this.erasure.keep(made);
      return changes > 0;
    }).immediate();
  }

  private noteFiles(gone: ReadonlyArray<{ id: string }>): number {
    this.erasure.note(gone.flatMap(({ id }) => [this.pathOf(id), join(this.deps.paths.thumbnails, `${id}.webp`)]));
    return gone.length;
  }

  /** A person shows how many pictures it has. */
  private countChanged({ characterId }: Output): void {
    if (characterId !== null) this.characters.announce(characterId);
  }

  file(output: Output): BunFile | null {
    return safeOpen(this.deps.paths.outputs, `${output.id}.png`);
  }

  /** Made at the first look. Null when the picture is gone. */
  async thumbnail(output: Output): Promise<BunFile | null> {
    const name = `${output.id}.webp`;
    const ready = safeOpen(this.deps.paths.thumbnails, name);
    if (ready) return ready;
    const path = insideOf(this.deps.paths.outputs, `${output.id}.png`);
    if (path === null) return null;
    assertOwnFolder(this.deps.paths, this.deps.paths.thumbnails);
    await makeThumbnail({ path, format: "png", orientation: 1, passes: 1 }, join(this.deps.paths.thumbnails, name));
    return safeOpen(this.deps.paths.thumbnails, name);
  }

  private first(jobId: string, index: number): Output | null {
    const row = this.deps.db.query<OutputRow, [string, number]>(`${selectOutput} where job_id = ? and "index" = ?`).get(jobId, index);
    return row ? fromRow(row) : null;
  }

  private pathOf(id: string): string {
    return join(this.deps.paths.outputs, `${id}.png`);
  }
}

function fromRow(row: OutputRow): Output {
  const url = `/api/outputs/${row.id}`;
  const settings = JSON.parse(row.settings) as OutputSettings;
  return { ...row, settings, simulated: row.simulated === 1, url: `${url}/file`, thumbnailUrl: `${url}/thumbnail` };
}
