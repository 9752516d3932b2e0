import { Database } from "bun:sqlite";
import { constants, copyFileSync, existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Paths } from "../files/paths.ts";
import { syncFolder } from "../files/sync-folder.ts";
import { writeWhole } from "../files/whole-file.ts";
import { hashFile, inspect, syncFile } from "./backup.ts";
import { type BackupManifest, type DatabaseName, listBackups, hasState, readManifest } from "./backup-manifest.ts";
import { runAtOnce } from "./content-hash.ts";
import { migrate } from "./migrate.ts";
import { stateMigrations, telemetryMigrations } from "./migrations/index.ts";
import { openDatabase } from "./open.ts";

/** A backup cannot be used. `message` says why; nothing was changed. */
export class RestoreError extends Error {
  override readonly name = "RestoreError";
}

export interface RestoreSource {
  readonly folder: string;
  readonly files: BackupManifest["files"];
  /** For sentences: an id, or a file's name. */
  readonly label: string;
  readonly createdAt: string | null;
}

export interface Restored {
  readonly label: string;
  readonly createdAt: string | null;
  readonly databases: readonly DatabaseName[];
  /** Where the present files were put. */
  readonly setAside: readonly string[];
}

interface Intent {
  readonly stamp: string;
  readonly names: readonly DatabaseName[];
}

const companions = ["-wal", "-shm", "-journal", ""] as const;
const newest: Readonly<Record<DatabaseName, number>> = { state: stateMigrations.length, telemetry: telemetryMigrations.length };

/** `latest`, the id of a backup, its manifest, or a database file. Throws when there is no such thing. */
export function findSource(paths: Paths, word: string): RestoreSource {
  const known = listBackups(paths.backups).filter(hasState);
  const found = word === "latest" ? known.find(isUsable) : known.find((backup) => backup.id === word);
  if (found) return { folder: paths.backups, files: found.files, label: found.id, createdAt: found.createdAt };
  if (word === "latest") throw new RestoreError(`There is no backup in ${paths.backups}.`);
  const manifest = readManifest(word.endsWith(".json") ? word : word.replace(/(\.state)?\.db$/, ".json")) ?? readManifest(`${word}.json`);
  if (manifest && hasState(manifest)) return { folder: dirname(word), files: manifest.files, label: basename(word), createdAt: manifest.createdAt };
  if (!existsSync(word)) throw new RestoreError(`There is no file ${word} and no backup of this name.`);
  const bare = { name: "state" as const, file: basename(word), sizeBytes: 0, sha256: "", schemaVersion: 0, tables: {} };
  return { folder: dirname(word), files: [bare], label: basename(word), createdAt: null };
}

/**
 * Proves a backup, then puts it in the place of the present databases, which are kept as `*.before-restore-<time>`.
 * Nobody may have them open. A kill in the middle is finished by the next start, so the databases are never mixed.
 * Throws RestoreError before anything was changed.
 */
export function restore(paths: Paths, source: RestoreSource, now: Date = new Date()): Restored {
  const names = source.files.map(({ name }) => name);
  try {
    for (const file of source.files) {
      const waiting = waitingFile(paths, file.name);
      copyFileSync(join(source.folder, file.file), waiting, constants.COPYFILE_FICLONE);
      if (file.sha256 === "") foldJournal(join(source.folder, file.file), waiting);
      assertGood(waiting, file);
      syncFile(waiting);
    }
  } catch (error) {
    for (const name of names) for (const companion of companions) rmSync(waitingFile(paths, name) + companion, { force: true });
    throw error;
  }
  syncFolder(paths.data);
  const stamp = now.toISOString().replaceAll(/[:.]/g, "-");
  writeIntent(paths, { stamp, names });
  finishRestore(paths);
  const setAside = names.map((name) => asideFile(paths, name, stamp)).filter((path) => existsSync(path));
  return { label: source.label, createdAt: source.createdAt, databases: names, setAside };
}

/** Completes a restore that was cut off after it had been decided. Safe to call at any time while nobody has the files open. */
export function finishRestore(paths: Paths): void {
  const intent = readIntent(paths);
  if (intent === null) return;
  for (const name of intent.names) {
    if (!existsSync(waitingFile(paths, name))) continue;
    setAside(paths, name, intent.stamp);
    renameSync(waitingFile(paths, name), databaseFile(paths, name));
  }
  syncFolder(paths.data);
  rmSync(intentFile(paths), { force: true });
}

/** Whether this version can read it. */
export function isUsable(backup: BackupManifest): boolean {
  return backup.files.every((file) => file.schemaVersion <= newest[file.name]);
}

/** Keeps the present state under another name and begins with nothing. Answers where it is kept. */
export function beginAnew(paths: Paths, now: Date = new Date()): string {
  const kept = setAside(paths, "state", now.toISOString().replaceAll(/[:.]/g, "-"), "damaged");
  const db = openDatabase(paths.stateDb, "FULL");
  try {
    migrate(db, { name: "state", steps: stateMigrations, backupFolder: paths.backups });
  } finally {
    db.close();
  }
  return kept;
}

/** With its journal: only together they are what the database was. */
export function setAside(paths: Paths, name: DatabaseName, stamp: string, word = "before-restore"): string {
  const path = databaseFile(paths, name);
  for (const companion of companions) {
    if (existsSync(path + companion)) renameSync(path + companion, asideFile(paths, name, stamp, word) + companion);
  }
  return asideFile(paths, name, stamp, word);
}

export function databaseFile(paths: Paths, name: DatabaseName): string {
  return name === "state" ? paths.stateDb : paths.telemetryDb;
}

function asideFile(paths: Paths, name: DatabaseName, stamp: string, word = "before-restore"): string {
  return `${databaseFile(paths, name)}.${word}-${stamp}`;
}

function assertGood(path: string, file: RestoreSource["files"][number]): void {
  if (file.sha256 !== "" && runAtOnce(hashFile(path)) !== file.sha256) throw new RestoreError(`The backup ${file.file} was changed since it was made.`);
  const { problems, schemaVersion } = runAtOnce(inspect(path, file.sha256 === "" ? null : file.tables));
  if (problems.length > 0) throw new RestoreError(`The backup ${file.file} is not good: ${problems.join("; ")}.`);
  if (schemaVersion === 0) throw new RestoreError(`${file.file} is not a database of Isengard.`);
  if (schemaVersion > newest[file.name]) throw new RestoreError(`The backup ${file.file} was made by a newer Isengard.`);
}

/** A file that was in use, for example one that was set aside, has its last commits in a journal beside it. */
function foldJournal(original: string, copy: string): void {
  try {
    if (existsSync(`${original}-wal`)) copyFileSync(`${original}-wal`, `${copy}-wal`);
    const db = new Database(copy, { readwrite: true });
    try {
      db.run("pragma locking_mode = exclusive");
      db.run("pragma journal_mode = delete");
    } finally {
      db.close();
    }
  } catch (error) {
    throw new RestoreError(`${basename(original)} cannot be opened as a database: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

function waitingFile(paths: Paths, name: DatabaseName): string {
  return `${databaseFile(paths, name)}.restoring`;
}

function intentFile(paths: Paths): string {
  return join(paths.data, "restore.json");
}

function writeIntent(paths: Paths, intent: Intent): void {
  writeWhole(intentFile(paths), JSON.stringify(intent));
  syncFolder(paths.data);
}

function readIntent(paths: Paths): Intent | null {
  return existsSync(intentFile(paths)) ? (JSON.parse(readFileSync(intentFile(paths), "utf8")) as Intent) : null;
}
