import { Database } from "bun:sqlite";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "../build-info.ts";
import { syncFolder } from "../files/sync-folder.ts";
import type { BackupReason } from "../contract/backup.ts";
import type { BackupFile, BackupManifest, DatabaseName } from "./backup-manifest.ts";
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
}

/** A copy that turned out to be wrong. It has been removed. */
export class BackupError extends Error {
  override readonly name = "BackupError";
}

interface Copy {
  readonly source: BackupSource;
  readonly part: string;
  readonly file: string;
  readonly content: ContentDigest;
}

const chunkBytes = 4 * 1024 * 1024;

/**
 * Copies and proves: each copy is opened on its own, checked, and compared with the hashes of the source. The copying
 * itself does not pause, so both databases are of the same moment; the proof does. Throws without leaving anything.
 */
export function* makeBackup(plan: BackupPlan): Generator<void, BackupManifest> {
  mkdirSync(plan.folder, { recursive: true, mode: 0o700 });
  const { id, createdAt } = freeId(plan);
  const copies: Copy[] = [];
  const parts = plan.sources.map(({ name }) => join(plan.folder, `${id}.${name}.db.part`));
  try {
    for (const [index, source] of plan.sources.entries()) copies.push(copy(source, parts[index]!, `${id}.${source.name}.db`));
    yield;
    const files: BackupFile[] = [];
    for (const each of copies) files.push(yield* prove(each));
    const manifest: BackupManifest = { format: 1, id, createdAt, reason: plan.reason, build, files };
    publish(plan.folder, copies, manifest);
    return manifest;
  } catch (error) {
    for (const part of [...parts, ...parts.map((path) => `${path}-journal`), join(plan.folder, `${id}.json.part`)]) rmSync(part, { force: true });
    throw error;
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

function copy(source: BackupSource, part: string, file: string): Copy {
  const statement = source.db.prepare("vacuum into ?");
  try {
    statement.run(part);
  } finally {
    statement.finalize();
  }
  return { source, part, file, content: runAtOnce(digestContent(source.db)) };
}

function* prove({ source, part, file, content }: Copy): Generator<void, BackupFile> {
  syncFile(part);
  const { problems, schemaVersion } = yield* inspect(part, content);
  if (problems.length > 0) throw new BackupError(`The backup of ${source.name} is not equal to it: ${problems.join("; ")}.`);
  return { name: source.name, file, sizeBytes: statSync(part).size, sha256: yield* hashFile(part), schemaVersion, tables: content };
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
