import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Check } from "../contract/system.ts";
import { codeOf } from "../db/data-problem.ts";
import type { OpenData } from "../db/open-data.ts";
import { databaseFile } from "../db/restore.ts";
import { AppError } from "../base/errors.ts";
import type { Paths } from "../files/paths.ts";
import type { Service } from "../base/lifecycle.ts";
import type { Log } from "../base/log.ts";
import { BackupService } from "./backup-service.ts";
import { DiskGuard } from "./disk/guard.ts";
import { sweepDisk } from "./disk/sweep.ts";
import { SyncWatch } from "./disk/sync-watch.ts";
import { type FsProbe, probeCheck, probeFolder } from "./disk/fs-probe.ts";

export interface DataWatchOptions {
  readonly paths: Paths;
  readonly databases: OpenData;
  readonly log: Log;
  isFinished(jobId: string): boolean;
}

const damage = /^SQLITE_(CORRUPT|NOTADB|IOERR|CANTOPEN|READONLY)/;

/** These do not go away; a disk that failed once may be well again, which is said as long as somebody may look for it. */
const lasting = /^SQLITE_(CORRUPT|NOTADB)/;
const faultShownMs = 10 * 60_000;

/** All that looks after the data while the server runs: backups, room on the disks, and what was found at start. */
export class DataWatch implements Service {
  readonly backups: BackupService;
  readonly disk: DiskGuard;
  readonly sync: SyncWatch;
  readonly name = "data-watch";
  private probe: FsProbe | null = null;
  private readonly startedAt = new Date().toISOString();
  private fault: { readonly at: string; readonly why: string; readonly isLasting: boolean } | null = null;

  constructor(private readonly options: DataWatchOptions) {
    const { paths, databases, log, isFinished } = options;
    this.backups = new BackupService({ paths, log, state: databases.state, telemetry: databases.telemetry });
    this.disk = new DiskGuard({
      volume: paths.data, scratch: tmpdir(), reserveFile: join(paths.data, "reserve"), log,
      sweep: (wantedBytes) => sweepDisk({ paths, isFinished }, wantedBytes),
    });
    this.sync = new SyncWatch({ folder: paths.data, log });
    for (const note of databases.notes) log.warn("data.noted", note.detail, { note: note.id });
  }

  /** Once the server listens: the files that it writes to try the volume would keep the first page waiting. */
  start(): void {
    this.probe = probeFolder(this.options.paths.data);
    if (this.probe.failures.length > 0) this.options.log.warn("volume.failed", "the volume does not do all that the databases need", { ...this.probe });
  }

  stop(): void {}

  /** Tell it each error that came from storage: a full disk gets its reserve, a damaged database is said. */
  noteError(error: unknown): void {
    this.disk.noteError(error);
    if (!damage.test(codeOf(error))) return;
    const why = `${error instanceof Error ? error.message : String(error)} (${codeOf(error)})`;
    if (this.fault === null) this.options.log.error("data.fault", "the database could not be read or written", { error });
    this.fault = { at: new Date().toISOString(), why, isLasting: lasting.test(codeOf(error)) || this.fault?.isLasting === true };
  }

  /**
   * Throws AppError while the folder is not where it was. An open database goes on taking writes after its folder was moved or its
   * volume unmounted: what it took would be seen by nobody, and a folder made anew would stand in the way of the old one.
   */
  assertInPlace(): void {
    if (this.isInPlace()) return;
    throw new AppError("storage_unusable", "Isengard's folder is not where it was.", { why: `Its database is missing in ${this.options.paths.data}.` });
  }

  private isInPlace(): boolean {
    return existsSync(databaseFile(this.options.paths, "state"));
  }

  checks(): Check[] {
    return [...this.placeChecks(), ...(this.probe === null ? [] : [probeCheck(this.probe, this.startedAt)]), ...this.sync.checks(), ...this.faultChecks(), ...this.noteChecks(), ...this.backups.checks()];
  }

  private placeChecks(): Check[] {
    if (this.isInPlace()) return [];
    const detail = `Isengard's folder ${this.options.paths.data} was moved or deleted, or its volume was unmounted, while Isengard runs.`;
    const fix = "Put it back, then nothing is lost. Until then nothing new is taken.";
    return [{ id: "data-folder", label: "Data folder", state: "error", detail, fix, checkedAt: new Date().toISOString() }];
  }

  private faultChecks(): Check[] {
    const { fault } = this;
    if (fault === null) return [];
    if (!fault.isLasting && Date.now() - Date.parse(fault.at) > faultShownMs) return [];
    return [{
      id: "database", label: "Database", state: "error", checkedAt: fault.at, detail: `The database could not be read or written: ${fault.why}.`,
      fix: "Restart Isengard. It checks the database at start and then offers the last good backup, if one is needed.",
    }];
  }

  private noteChecks(): Check[] {
    const { paths } = this.options;
    const secrets = dirname(paths.tokenFile);
    const notes = this.options.databases.notes.map((note): Check => ({ ...note, state: "warning", checkedAt: this.startedAt }));
    if (secrets.startsWith(paths.data)) return notes;
    const detail = `The volume shows every file to every user, so the access token lies in ${secrets}. It changes when this container is made anew.`;
    return [...notes, { id: "secrets", label: "Secrets", state: "warning", detail, fix: "Use a volume that keeps file modes, or note the new token after each new container.", checkedAt: this.startedAt }];
  }
}
