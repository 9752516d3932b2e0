import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Check } from "../contract/system.ts";
import type { OpenData } from "../db/open-data.ts";
import type { Paths } from "../files/paths.ts";
import type { Log } from "../log.ts";
import { BackupService } from "./backup-service.ts";
import { DiskGuard } from "./disk-guard.ts";
import { sweepDisk } from "./disk-sweep.ts";
import { type FsProbe, probeCheck, probeFolder } from "./fs-probe.ts";

export interface DataWatchOptions {
  readonly paths: Paths;
  readonly databases: OpenData;
  readonly log: Log;
  isFinished(jobId: string): boolean;
}

/** All that looks after the data while the server runs: backups, room on the disks, and what was found at start. */
export class DataWatch {
  readonly backups: BackupService;
  readonly disk: DiskGuard;
  readonly probe: FsProbe;
  private readonly startedAt = new Date().toISOString();

  constructor(private readonly options: DataWatchOptions) {
    const { paths, databases, log, isFinished } = options;
    this.probe = probeFolder(paths.data);
    this.backups = new BackupService({ paths, log, state: databases.state, telemetry: databases.telemetry });
    this.disk = new DiskGuard({
      volume: paths.data, scratch: tmpdir(), reserveFile: join(paths.data, "reserve"), log,
      sweep: (wantedBytes) => sweepDisk({ paths, isFinished }, wantedBytes),
    });
    for (const note of databases.notes) log.warn("data.noted", note.detail, { note: note.id });
    if (this.probe.failures.length > 0) log.warn("volume.failed", "the volume does not do all that the databases need", { ...this.probe });
  }

  checks(): Check[] {
    const notes = this.options.databases.notes.map((note): Check => ({ ...note, state: "warning", checkedAt: this.startedAt }));
    return [probeCheck(this.probe, this.startedAt), ...notes, ...this.backups.checks()];
  }
}
