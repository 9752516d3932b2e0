import { readdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TrainingBackend, TrainingPlan } from "../../../plugins/interfaces/training.ts";
import type { TrainingOutlook, Waiting } from "../../contract/job.ts";
import type { Log } from "../../base/log.ts";
import { deviceOf } from "../../system/disk/device.ts";
import { type DiskNeed, forecastNeed, forecastTraining, noNeed } from "../../system/disk/forecast.ts";
import type { MayStart } from "../../system/disk/guard.ts";
import type { Backends } from "../backends.ts";
import { readTraining } from "../store/frozen.ts";
import type { JobStore } from "../store/store.ts";
import type { Claim, JobRow } from "../store/rows.ts";
import { diskCode } from "./waiting-codes.ts";
import { isForecast, isJobKind, type JobKind } from "../../shared/job-kinds.ts";

/** Whoever watches the disks. */
export interface DiskKeeper {
  mayStart(kind: JobKind, need?: DiskNeed): MayStart;
  expect(jobId: string, rest: DiskNeed | null): void;
  /** Measures now; resolves when that is done or took too long. */
  refresh(): Promise<void>;
}

export interface DiskRoomParts {
  readonly disk: DiskKeeper;
  readonly store: JobStore;
  readonly backends: Backends;
  /** The folder that holds one folder for each job. */
  readonly jobsDir: string;
  readonly log: Log;
}

/** How soon a job that filled the disk is looked at again. */
export const roomCheckMs = 30_000;
/** How long the need of a waiting job is taken for known: to answer, a backend looks at files. */
const needKeptMs = 10_000;
const needsKept = 200;
const measureEveryMs = 30_000;
const measureDepth = 8;
/** Where the size of what a job has written is kept over restarts. */
const writtenKey = "disk.written";
/** Links into the library, made when the job was accepted. */
const notWritten = "photos";

interface Followed {
  readonly row: Pick<JobRow, "id" | "kind" | "frozen">;
  measuredAt: number;
}

/** Whether there is room on the disks for a job, and what the running ones are still going to write. */
export class DiskRoom {
  private readonly followed = new Map<string, Followed>();
  private readonly known = new Map<string, { readonly need: DiskNeed; readonly at: number }>();

  constructor(private readonly parts: DiskRoomParts) {}

  /** Why no job of this kind may begin, or null. */
  refusalOf(kind: JobKind): Waiting | null {
    return waitingFor(this.parts.disk.mayStart(kind));
  }

  /** Why this job may not begin now, or null. A job that has run before needs only what is still missing. */
  refusal(row: JobRow): Waiting | null {
    return isJobKind(row.kind) ? waitingFor(this.parts.disk.mayStart(row.kind, this.needOfWaiting(row))) : null;
  }

  /** What a training that nobody has asked for yet would write, and why it would have to wait. */
  outlook(backend: TrainingBackend, plan: TrainingPlan): TrainingOutlook {
    const disk = backend.disk?.(plan);
    const need = disk === undefined ? noNeed : forecastNeed(disk, 0, this.placeOf(disk.downloadDir));
    const answer = this.parts.disk.mayStart("training", need);
    return {
      writesBytes: disk === undefined ? null : forecastTraining(disk) + (disk.downloadBytes ?? 0),
      downloadBytes: disk?.downloadBytes ?? 0,
      refusal: answer.ok ? null : `There is not enough room: ${answer.reason}`,
    };
  }

  /** Measures now: a job has just met a full disk. */
  lookAgain(): Promise<void> {
    return this.parts.disk.refresh();
  }

  /** From here on what this job is still going to write is taken. */
  follow(claim: Claim): void {
    if (!isForecast(claim.kind)) return;
    const row = { id: claim.job.id, kind: claim.kind, frozen: claim.frozen };
    this.followed.set(row.id, { row, measuredAt: -Infinity });
    this.parts.disk.expect(row.id, this.needOf(row));
  }

  forget(id: string): void {
    this.followed.delete(id);
    this.known.delete(id);
    this.parts.disk.expect(id, null);
  }

  /** Called often; measures what the running trainings have written, each twice a minute. */
  keepUp(): void {
    for (const followed of this.followed.values()) {
      if (performance.now() - followed.measuredAt < measureEveryMs) continue;
      followed.measuredAt = performance.now();
      void this.measure(followed.row);
    }
  }

  private async measure(row: Followed["row"]): Promise<void> {
    const { disk, store, jobsDir, log } = this.parts;
    try {
      const bytes = await bytesBelow(join(jobsDir, row.id), measureDepth);
      if (!this.followed.has(row.id)) return;
      store.notes.remember(row.id, writtenKey, String(bytes));
      disk.expect(row.id, this.needOf(row));
    } catch (error) {
      log.warn("room.not-measured", "what a training has written could not be measured; the last forecast stays", { jobId: row.id, error });
    }
  }

  private needOfWaiting(row: JobRow): DiskNeed {
    const known = this.known.get(row.id);
    if (known !== undefined && performance.now() - known.at < needKeptMs) return known.need;
    const need = this.needOf(row);
    if (this.known.size >= needsKept) this.known.clear();
    this.known.set(row.id, { need, at: performance.now() });
    return need;
  }

  private needOf({ id, kind, frozen }: Followed["row"]): DiskNeed {
    if (!isForecast(kind)) return noNeed;
    try {
      const disk = this.parts.backends.training().disk?.(readTraining(frozen).job);
      if (disk === undefined) return noNeed;
      return forecastNeed(disk, Number(this.parts.store.notes.recall(id, writtenKey) ?? 0), this.placeOf(disk.downloadDir));
    } catch {
      return noNeed; // unreadable, or no tool: the job itself says so when its turn comes
    }
  }

  private placeOf(dir: string | undefined): "volume" | "scratch" | "elsewhere" {
    if (dir === undefined) return "elsewhere";
    const device = deviceOf(dir);
    if (device === deviceOf(this.parts.jobsDir)) return "volume";
    return device === deviceOf(tmpdir()) ? "scratch" : "elsewhere";
  }
}

function waitingFor(answer: MayStart): Waiting | null {
  return answer.ok ? null : { code: diskCode, text: `Waits for disk space: ${answer.reason}` };
}

async function bytesBelow(folder: string, depth: number): Promise<number> {
  if (depth === 0) return 0;
  let total = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) total += depth === measureDepth && entry.name === notWritten ? 0 : await bytesBelow(path, depth - 1);
    else if (entry.isFile()) total += await stat(path).then((facts) => facts.size, () => 0); // removed meanwhile
  }
  return total;
}
