import type { Database } from "bun:sqlite";
import { statfsSync, statSync } from "node:fs";
import type { Backup, BackupReason } from "../contract/backup.ts";
import type { Check } from "../contract/system.ts";
import { type BackupSource, makeBackup } from "../db/backup.ts";
import { describeBackup, listBackups, pruneBackups } from "../db/backup-manifest.ts";
import { runInTurns } from "../db/content-hash.ts";
import { AppError } from "../base/errors.ts";
import { assertOwnFolder } from "../files/own-place.ts";
import type { Paths } from "../files/paths.ts";
import type { Service } from "../base/lifecycle.ts";
import type { Log } from "../base/log.ts";
import { formatBytes } from "./disk/levels.ts";

export interface BackupServiceOptions {
  readonly paths: Pick<Paths, "root" | "backups" | "stateDb" | "telemetryDb">;
  readonly state: Database;
  readonly telemetry: Database;
  readonly log: Log;
  readonly everyMs?: number;
  readonly lookMs?: number;
  readonly stopLimitMs?: number;
}

const hourMs = 3_600_000;
/** Also how soon a deleted database is noticed. */
const lookEveryMs = 30_000;
/** Of the three seconds in which a server has to be gone. */
const stopMs = 1500;
/** Copying, hashing twice and checking on a slow machine: 40 MB in 1.3 s. */
const bytesPerMs = 30_000;
/** Larger loss curves are only copied when a person asks: the copying stops every request for its time. */
const telemetryLimitBytes = 256 * 1024 ** 2;
/** Room that a backup leaves to everything else. */
const spareBytes = 1024 ** 3;

/** Proven copies of the databases: every hour in which something changed, at the end, and when somebody asks. */
export class BackupService implements Service {
  readonly name = "backups";
  private timer: ReturnType<typeof setInterval> | null = null;
  private running: Promise<unknown> = Promise.resolve();
  private changesSeen: number;
  private dueAt: number;
  private failure: { readonly at: string; readonly why: string } | null = null;
  private vanished = false;
  private isMaking = false;
  private readonly inode: number = 0;
  private lastMs = 0;
  /** The newest one; the status page asks often. */
  private newest: Backup | null;

  constructor(private readonly options: BackupServiceOptions) {
    this.changesSeen = this.changes();
    this.inode = this.currentInode();
    this.newest = this.list().find((backup) => backup.databases.includes("state")) ?? null;
    this.dueAt = performance.now() + Math.max(0, this.everyMs - (this.newest ? Date.now() - Date.parse(this.newest.createdAt) : 0));
  }

  start(): void {
    this.timer = setInterval(() => void this.look(), this.options.lookMs ?? lookEveryMs);
  }

  /** The last backup of this run, if it can be made in time; otherwise the log says that it was left out. */
  async stop(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    await this.running.catch(() => undefined); // told where it was started
    if (this.vanished || this.changes() === this.changesSeen) return;
    const limitMs = this.options.stopLimitMs ?? stopMs;
    const expectedMs = Math.max(this.lastMs, this.sourceBytes() / bytesPerMs);
    if (expectedMs > limitMs) {
      this.options.log.warn("backup.skipped", "no backup was made at the end because it would take too long", { expectedMs: Math.round(expectedMs), limitMs });
      return;
    }
    await this.attempt("stop", AbortSignal.timeout(limitMs));
  }

  /** Makes one now. One at a time: a second call waits. Rejects with the reason, having left nothing behind. */
  make(reason: BackupReason, signal?: AbortSignal): Promise<Backup> {
    const next = this.running.catch(() => undefined).then(() => this.makeNow(reason, signal));
    this.running = next;
    return next;
  }

  /** Newest first. */
  list(): Backup[] {
    return listBackups(this.options.paths.backups).map(describeBackup);
  }

  checks(): Check[] {
    const last = this.newest;
    const base = { id: "backups", label: "Backups", checkedAt: new Date().toISOString() };
    if (this.vanished) {
      const detail = `The file ${this.options.paths.stateDb} was deleted or replaced while Isengard runs. An emergency backup was made.`;
      return [{ ...base, state: "error", detail, fix: "Restart Isengard and use the emergency backup that its page offers." }];
    }
    if (this.failure !== null) {
      return [{ ...base, state: "warning", detail: `The last backup failed at ${this.failure.at}: ${this.failure.why}`, fix: "Free some space on the volume; it is tried again within the hour." }];
    }
    if (last === null) return [{ ...base, state: "ok", detail: "No backup was needed yet; the first one is made within an hour of work.", fix: "" }];
    return [{ ...base, state: "ok", detail: `The last proven backup is of ${last.createdAt} (${formatBytes(last.sizeBytes)}).`, fix: "" }];
  }

  /** Makes the backup that is due; the timer asks for it. */
  async look(): Promise<void> {
    if (!this.vanished && this.currentInode() !== this.inode) {
      this.vanished = true;
      this.options.log.error("backup.database-gone", "the database file was deleted or replaced while it is open; an emergency backup is made", {});
      await this.attempt("emergency");
    }
    if (this.vanished || this.isMaking || performance.now() < this.dueAt || this.changes() === this.changesSeen) return;
    await this.attempt("hourly");
  }

  private async attempt(reason: BackupReason, signal?: AbortSignal): Promise<void> {
    this.isMaking = true;
    try {
      await this.make(reason, signal);
    } catch (error) {
      const told = error instanceof Error ? error.message : String(error);
      const why = error instanceof AppError ? `${told} ${error.why}` : told;
      this.failure = { at: new Date().toISOString(), why };
      this.options.log.warn("backup.failed", "a backup could not be made", { reason, error });
    } finally {
      this.isMaking = false;
    }
  }

  private async makeNow(reason: BackupReason, signal?: AbortSignal): Promise<Backup> {
    this.dueAt = performance.now() + this.everyMs;
    assertOwnFolder(this.options.paths, this.options.paths.backups);
    const startedAt = performance.now();
    this.assertRoom();
    const changes = this.changes();
    const folder = this.options.paths.backups;
    const manifest = await runInTurns(makeBackup({ folder, sources: this.sources(reason), reason }), signal);
    this.changesSeen = changes;
    this.failure = null;
    this.lastMs = performance.now() - startedAt;
    const removed = pruneBackups(folder);
    const backup = describeBackup(manifest);
    this.newest = backup;
    this.options.log.info("backup.made", "a backup was made and proven", { id: backup.id, sizeBytes: backup.sizeBytes, ms: Math.round(this.lastMs), removed });
    return backup;
  }

  private sources(reason: BackupReason): BackupSource[] {
    const { state, telemetry, paths } = this.options;
    const withTelemetry = reason === "asked" || sizeOf(paths.telemetryDb) <= telemetryLimitBytes;
    return [{ name: "state", db: state }, ...(withTelemetry ? [{ name: "telemetry" as const, db: telemetry }] : [])];
  }

  private assertRoom(): void {
    const { bavail, bsize } = statfsSync(this.options.paths.backups);
    const needed = this.sourceBytes() + spareBytes;
    if (bavail * bsize >= needed) return;
    throw new AppError("storage_full", "There is no room for a backup.", {
      why: `${formatBytes(bavail * bsize)} are free, ${formatBytes(needed)} are needed.`,
    });
  }

  private sourceBytes(): number {
    const { stateDb, telemetryDb } = this.options.paths;
    return sizeOf(stateDb) + sizeOf(`${stateDb}-wal`) + sizeOf(telemetryDb) + sizeOf(`${telemetryDb}-wal`);
  }

  private changes(): number {
    const count = (db: Database) => db.query<{ n: number }, []>("select total_changes() as n").get()!.n;
    return count(this.options.state) + count(this.options.telemetry);
  }

  /** Zero: gone. A volume that does not answer says nothing about the file. */
  private currentInode(): number {
    try {
      return statSync(this.options.paths.stateDb, { throwIfNoEntry: false })?.ino ?? 0;
    } catch {
      return this.inode;
    }
  }

  private get everyMs(): number {
    return this.options.everyMs ?? hourMs;
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
