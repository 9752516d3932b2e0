import type { Database } from "bun:sqlite";
import { lstat, readdir, rm, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Paths } from "../../files/paths.ts";
import { turn } from "../../base/wait.ts";
import type { JobFacts } from "../job-facts.ts";
import { photoFile } from "../photos/photo-file.ts";

/** What the disk has and the database does not know, and the other way round. Lists are cut; the counts are whole. */
export interface Inventory {
  readonly filesWithoutRow: Found;
  readonly rowsWithoutFile: Found;
  /** Begun by a server that died, and removed now. */
  readonly leftovers: Found;
  /** Folders of ours that are links, through which nothing is written. */
  readonly links: Found;
}

export interface Found {
  count: number;
  readonly names: string[];
}

export interface InventoryParts {
  readonly db: Database;
  readonly paths: Paths;
  readonly jobFacts: Pick<JobFacts, "exists">;
  /** What was begun before this and is not finished belongs to a dead server. null: nothing is removed. */
  readonly aliveSince: number | null;
}

const namesKept = 200;
/** Entries between two turns of the event loop. */
const perTurn = 50;
/** Names of ours only; what looks otherwise was put there by somebody and is named. */
const unfinished = /^(?:(?:pho|out)-[0-9a-z]{26}\.(?:jpg|png|webp)(?:\.bmp)?|[0-9a-z_-]+-v\d+-[0-9a-z]{6}\.safetensors|[0-9A-Za-z_.-]+\.db|[0-9A-Za-z_-]+\.json)\.part(?:-journal)?$/;

/** Compares folders and tables, in small steps. Nobody's photo, LoRA or picture is removed here: a restored backup may not know it. */
export async function takeInventory(parts: InventoryParts): Promise<Inventory> {
  const inventory: Inventory = { filesWithoutRow: none(), rowsWithoutFile: none(), leftovers: none(), links: none() };
  await new Files(parts, inventory).walk();
  await lookForFiles(parts, inventory.rowsWithoutFile);
  return inventory;
}

class Files {
  private seen = 0;

  constructor(private readonly parts: InventoryParts, private readonly inventory: Inventory) {}

  async walk(): Promise<void> {
    const { paths } = this.parts;
    for (const folder of [paths.photos, paths.thumbnails, paths.uploads, paths.loras, paths.outputs, paths.jobs, paths.backups]) {
      if ((await lstat(folder).catch(() => null))?.isSymbolicLink() === true) add(this.inventory.links, this.nameOf(folder));
    }
    const photo = this.exists("select 1 from photo where id = ?");
    const output = this.exists("select 1 from output where id = ? and erased_at is null");
    const job = (id: string) => this.parts.jobFacts.exists(id);
    const lora = this.exists("select 1 from lora where file_name = ? and erased_at is null");
    for (const entry of await readdir(paths.photos, { withFileTypes: true }).catch(() => [])) {
      if (entry.isDirectory()) await this.folder(join(paths.photos, entry.name), (name) => photo(stem(name)));
      else add(this.inventory.filesWithoutRow, this.nameOf(join(paths.photos, entry.name)));
    }
    await this.folder(paths.thumbnails, (name) => photo(stem(name)) || output(stem(name)), true);
    await this.folder(paths.outputs, (name) => output(stem(name)));
    await this.folder(paths.loras, lora);
    await this.folder(paths.jobs, (name) => !name.startsWith("job-") || job(name));
    await this.folder(paths.jobLogs, (name) => job(stem(name)));
    await this.folder(paths.backups, (name) => !unfinished.test(name));
  }

  /** `canBeMade`: what has no row is of no use and can be made again. */
  private async folder(folder: string, isKnown: (name: string) => boolean, canBeMade = false): Promise<void> {
    for (const name of await namesIn(folder)) {
      if (++this.seen % perTurn === 0) await turn();
      const isPart = unfinished.test(name);
      if (!isPart && isKnown(name)) continue;
      const path = join(folder, name);
      if (isPart || canBeMade) await this.leftover(path);
      else if (!this.isListed(path)) add(this.inventory.filesWithoutRow, this.nameOf(path));
    }
  }

  private async leftover(path: string): Promise<void> {
    const { aliveSince } = this.parts;
    const facts = await stat(path).catch(() => null); // gone meanwhile
    if (facts === null || !facts.isFile() || facts.mtimeMs > (aliveSince ?? Infinity)) return;
    if (aliveSince !== null) await rm(path, { force: true });
    add(this.inventory.leftovers, this.nameOf(path));
  }

  /** It is on its way, or is going to be removed. */
  private isListed(path: string): boolean {
    return this.parts.db.query("select 1 from erasure where path = ?").get(this.nameOf(path)) !== null;
  }

  private nameOf(path: string): string {
    return relative(this.parts.paths.root, path);
  }

  private exists(sql: string): (key: string) => boolean {
    const query = this.parts.db.query(sql);
    return (key) => query.get(key) !== null;
  }
}

interface Expected {
  readonly name: string;
  readonly path: string;
}

async function lookForFiles({ db, paths }: InventoryParts, missing: Found): Promise<void> {
  let seen = 0;
  for (const { name, path } of expectedFiles(db, paths)) {
    if (++seen % perTurn === 0) await turn();
    const facts = await stat(path).catch(() => null); // not there, or not to be reached: the same to a person
    if (facts === null || !facts.isFile()) add(missing, name);
  }
}

/** Checkpoints are left out: the tool removes old ones itself. */
function expectedFiles(db: Database, paths: Paths): Expected[] {
  const photos = db
    .query<{ id: string; characterId: string; mediaType: string; name: string }, []>(
      `select p.id, p.character_id as characterId, p.media_type as mediaType, c.name from photo p join character c on c.id = p.character_id
       where p.deleted_at is null and c.deleted_at is null`,
    ).all();
  const loras = db
    .query<{ file: string; name: string }, []>(
      `select l.file_name as file, c.name || ' v' || l.version as name from lora l join character c on c.id = l.character_id
       where l.deleted_at is null and c.deleted_at is null`,
    ).all();
  const outputs = db.query<{ id: string }, []>("select id from output where deleted_at is null").all();
  const artifacts = db.query<{ name: string; path: string }, []>("select name, path from artifact where kind <> 'checkpoint'").all();
  return [
    ...photos.map((photo) => ({ name: `photo ${photo.id} of ${photo.name}`, path: join(paths.photos, photoFile(photo)) })),
    ...loras.map(({ file, name }) => ({ name: `LoRA ${name} (${file})`, path: join(paths.loras, file) })),
    ...outputs.map(({ id }) => ({ name: `picture ${id}`, path: join(paths.outputs, `${id}.png`) })),
    ...artifacts.map(({ name, path }) => ({ name: `${name} of ${path.split("/")[0]}`, path: join(paths.jobs, path) })),
  ];
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []); // not made yet, or not a folder
}

function stem(name: string): string {
  return name.split(".")[0]!;
}

function none(): Found {
  return { count: 0, names: [] };
}

function add(found: Found, name: string): void {
  found.count++;
  if (found.names.length < namesKept) found.names.push(name);
}
