import { Database } from "bun:sqlite";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "../base/identity.ts";
import { syncFolder } from "../files/sync-folder.ts";
import type { BackupReason } from "../contract/backup.ts";
import type { BackupFile, BackupManifest, DatabaseName } from "./backup-manifest.ts";
import { formatAt, rollbackFormat } from "./journal.ts";
import { compareContent, type ContentDigest, digestContent, runAtOnce } from "./content-hash.ts";

export interface BackupSource {
  readonly name: DatabaseName;
  readonly db: Database;
}

export interface BackupPlan {
  readonly folder: string;
  readonly sources: readonly BackupSource[];
  readonly reason: BackupReason;
  readonly now?: Date;
  /** Above it a database is copied and hashed in one turn. */
  readonly snapshotLimitBytes?: number;
}

/** A copy that turned out to be wrong. It has been removed. */
class BackupError extends Error {
  override readonly name = "BackupError";
}

interface Copy {
  readonly name: DatabaseName;
  readonly part: string;
  readonly file: string;
  /** What the source held when the copy was begun. */
  readonly content: ContentDigest;
}

/** All of a database at one moment: in memory, or already copied where it is too large for that. */
type Moment = { readonly snapshot: Database } | { readonly content: ContentDigest };

/** Taking a snapshot stops every request for 2 ms per MB; without one it is 30 ms. */
const snapshotBytes = 256 * 1024 * 1024;
const chunkBytes = 4 * 1024 * 1024;

/**
 * Copies and proves: each copy is opened on its own, checked, and compared with the hashes of the source. All databases
 * are taken in the first turn, so they are of the same moment; the rest pauses. Throws without leaving anything.
 */
export function* makeBackup(plan: BackupPlan): Generator<void, BackupManifest> {
  mkdirSync(plan.folder, { recursive: true, mode: 0o700 });
  const { id, createdAt } = freeId(plan);
  const parts = plan.sources.map(({ name }) => join(plan.folder, `${id}.${name}.db.part`));
  const moments: Moment[] = [];
  try {
    for (const [index, source] of plan.sources.entries()) moments.push(take(source.db, parts[index]!, plan.snapshotLimitBytes ?? snapshotBytes));
    yield;
    const copies: Copy[] = [];
    for (const [index, { name }] of plan.sources.entries()) {
      const part = parts[index]!;
      copies.push({ name, part, file: `${id}.${name}.db`, content: yield* copy(moments[index]!, part) });
    }
    const files: BackupFile[] = [];
    for (const each of copies) files.push(yield* prove(each));
    const manifest: BackupManifest = { format: 1, id, createdAt, reason: plan.reason, build, files };
    publish(plan.folder, copies, manifest);
    return manifest;
  } catch (error) {
    for (const part of [...parts, ...parts.map((path) => `${path}-journal`), join(plan.folder, `${id}.json.part`)]) rmSync(part, { force: true });
    throw error;
  } finally {
    for (const moment of moments) if ("snapshot" in moment) moment.snapshot.close();
  }
}

/** Whether a database file is whole and holds exactly this. Answers what is wrong with it, empty for nothing. */
export function* inspect(path: string, expected: ContentDigest | null): Generator<void, { problems: string[]; schemaVersion: number }> {
  const db = new Database(path, { readonly: true });
  try {
    const problems = value<string[]>(db, "pragma integrity_check", (rows) => rows.map(String)).filter((line) => line !== "ok");
    yield;
    if (problems.length === 0 && expected !== null) problems.push(...compareContent(expected, yield* digestContent(db)));
    return { problems: problems.slice(0, 5), schemaVersion: value(db, "pragma user_version", ([version]) => Number(version)) };
  } catch (error) {
    return { problems: [error instanceof Error ? error.message : String(error)], schemaVersion: 0 };
  } finally {
    db.close();
  }
}

export function* hashFile(path: string): Generator<void, string> {
  const hash = new Bun.CryptoHasher("sha256");
  const buffer = Buffer.alloc(Math.min(chunkBytes, Math.max(1, statSync(path).size)));
  const fd = openSync(path, "r");
  try {
    for (let read = readSync(fd, buffer); read > 0; read = readSync(fd, buffer)) {
      hash.update(buffer.subarray(0, read));
      yield;
    }
  } finally {
    closeSync(fd);
  }
  return hash.digest("hex");
}

function take(db: Database, part: string, limitBytes: number): Moment {
  if (value(db, "select page_count * page_size from pragma_page_count, pragma_page_size", ([bytes]) => Number(bytes)) > limitBytes) {
    vacuumInto(db, part);
    return { content: runAtOnce(digestContent(db)) };
  }
  const bytes = db.serialize();
  // A database in memory has no write-ahead log; everything of the log is in these bytes.
  if (bytes.length >= 100) bytes.set(rollbackFormat, formatAt);
  return { snapshot: Database.deserialize(bytes) };
}

function* copy(moment: Moment, part: string): Generator<void, ContentDigest> {
  if ("content" in moment) return moment.content;
  vacuumInto(moment.snapshot, part);
  yield;
  return yield* digestContent(moment.snapshot);
}

function vacuumInto(db: Database, path: string): void {
  const statement = db.prepare("vacuum into ?");
  try {
    statement.run(path);
  } finally {
    statement.finalize();
  }
}

function* prove({ name, part, file, content }: Copy): Generator<void, BackupFile> {
  syncFile(part);
  yield;
  const { problems, schemaVersion } = yield* inspect(part, content);
  if (problems.length > 0) throw new BackupError(`The backup of ${name} is not equal to it: ${problems.join("; ")}.`);
  return { name, file, sizeBytes: statSync(part).size, sha256: yield* hashFile(part), schemaVersion, tables: content };
}

function publish(folder: string, copies: readonly Copy[], manifest: BackupManifest): void {
  const path = join(folder, `${manifest.id}.json`);
  const fd = openSync(`${path}.part`, "w", 0o600);
  try {
    writeSync(fd, JSON.stringify(manifest, null, 2));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  for (const { part, file } of copies) renameSync(part, join(folder, file));
  renameSync(`${path}.part`, path);
  syncFolder(folder);
}

export function syncFile(path: string): void {
  const fd = openSync(path, "r+");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Names sort by time; two within one millisecond get different ones. */
function freeId({ folder, reason, now = new Date() }: BackupPlan): { id: string; createdAt: string } {
  for (let time = now.getTime(); ; time++) {
    const createdAt = new Date(time).toISOString();
    const id = `${createdAt.replaceAll(/[:.]/g, "-")}-${reason}`;
    if (!existsSync(join(folder, `${basename(id)}.json`))) return { id, createdAt };
  }
}

function value<T>(db: Database, sql: string, use: (first: unknown[]) => T): T {
  const statement = db.prepare(sql);
  try {
    return use(statement.values().map(([first]) => first));
  } finally {
    statement.finalize();
  }
}
