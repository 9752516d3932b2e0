import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Backup, BackupReason } from "../contract/backup.ts";
import type { ContentDigest } from "./content-hash.ts";

export type DatabaseName = "state" | "telemetry";

export interface BackupFile {
  readonly name: DatabaseName;
  /** Beside the manifest. */
  readonly file: string;
  readonly sizeBytes: number;
  /** Of the file's bytes. */
  readonly sha256: string;
  readonly schemaVersion: number;
  readonly tables: ContentDigest;
}

/** Written last: a backup without its manifest was not finished and is not one. */
export interface BackupManifest {
  readonly format: 1;
  readonly id: string;
  readonly createdAt: string;
  readonly reason: BackupReason;
  readonly build: string;
  readonly files: readonly BackupFile[];
}

const manifestName = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z-[a-z-]+\.json$/;
const fileName = /^[\w.-]+$/;
/** How often a person may look for the same reason. */
const keptRegular = 24;
const keptDaily = 7;
const keptSpecial = 10;
const leftoverMs = 60 * 60_000;

/** Newest first. What cannot be read is left out: it cannot be restored either. */
export function listBackups(folder: string): BackupManifest[] {
  return namesIn(folder).filter((name) => manifestName.test(name)).sort().reverse().flatMap((name) => readManifest(join(folder, name)) ?? []);
}

/** Null when the file is missing, is no manifest, or one of its files is missing or has another size. */
export function readManifest(path: string): BackupManifest | null {
  try {
    const manifest = JSON.parse(readFileSync(path, "utf8")) as BackupManifest;
    const isOurs = manifest.format === 1 && manifest.files.length > 0 && manifest.files.every(({ file }) => fileName.test(file));
    return isOurs && manifest.files.every((file) => isThere(join(dirname(path), file.file), file.sizeBytes)) ? manifest : null;
  } catch {
    return null; // cut off, or not ours
  }
}

export function describeBackup(backup: BackupManifest): Backup {
  const tables = backup.files.find((file) => file.name === "state")?.tables ?? {};
  return {
    id: backup.id, createdAt: backup.createdAt, reason: backup.reason, sizeBytes: sizeOf(backup),
    databases: backup.files.map((file) => file.name), jobs: tables["job"]?.rows ?? 0, characters: tables["character"]?.rows ?? 0,
  };
}

export function sizeOf(backup: BackupManifest): number {
  return backup.files.reduce((sum, file) => sum + file.sizeBytes, 0);
}

/**
 * Those that nobody needs any more, given newest first: kept are the last 24, the last of each of 7 days, and 10 each of
 * those made by hand, before a migration and in an emergency. The newest with the state database is never among them.
 */
export function outdated(backups: readonly BackupManifest[]): BackupManifest[] {
  const regular = backups.filter(isRegular);
  const kept = new Set<BackupManifest>(regular.slice(0, keptRegular));
  const days = new Map<string, BackupManifest>();
  for (const backup of regular) {
    const day = backup.createdAt.slice(0, 10);
    if (!days.has(day) && days.size < keptDaily) days.set(day, backup);
  }
  for (const backup of days.values()) kept.add(backup);
  for (const reason of ["asked", "before-migration", "emergency"] as const) {
    for (const backup of backups.filter((one) => one.reason === reason).slice(0, keptSpecial)) kept.add(backup);
  }
  const newest = backups.find(hasState);
  if (newest) kept.add(newest);
  return backups.filter((backup) => !kept.has(backup));
}

export function hasState(backup: BackupManifest): boolean {
  return backup.files.some((file) => file.name === "state");
}

/** Removes outdated backups, manifest first, and what an ended program left half written. */
export function pruneBackups(folder: string, now: number = Date.now()): string[] {
  const removed = outdated(listBackups(folder));
  for (const backup of removed) {
    for (const file of [`${backup.id}.json`, ...backup.files.map((one) => one.file)]) rmSync(join(folder, file), { force: true });
  }
  for (const name of namesIn(folder).filter((one) => one.endsWith(".part") || one.endsWith(".part-journal"))) {
    const path = join(folder, name);
    if (now - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now) > leftoverMs) rmSync(path, { force: true });
  }
  return removed.map((backup) => backup.id);
}

function isRegular(backup: BackupManifest): boolean {
  return backup.reason === "hourly" || backup.reason === "stop";
}

function isThere(path: string, sizeBytes: number): boolean {
  return statSync(path, { throwIfNoEntry: false })?.size === sizeBytes;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // not made yet, or not readable: then there is no backup to offer
  }
}
