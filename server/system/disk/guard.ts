import type { JobKind } from "../../contract/job.ts";
import type { Check } from "../../contract/system.ts";
import type { Service } from "../../base/lifecycle.ts";
import type { Log } from "../../base/log.ts";
import { deviceOf } from "./device.ts";
import { type DiskNeed, forecastCheck, noNeed } from "./forecast.ts";
import { type DiskLevels, diskCheck, diskLevels, type DiskSpace, formatBytes, levelsOn } from "./levels.ts";
import { ReserveFile } from "./reserve.ts";
import { diskSpace } from "../machine.ts";
import { withLimit } from "../../base/wait.ts";
import { jobKinds } from "../../shared/job-kinds.ts";

export type MayStart = { readonly ok: true } | { readonly ok: false; readonly reason: string };

export interface DiskGuardOptions {
  /** The folder that keeps everything. */
  readonly volume: string;
  /** Where tools put temporary files; on a pod another disk than the volume. */
  readonly scratch: string;
  readonly reserveFile: string;
  readonly log: Log;
  /** Deletes what can be made again, oldest and largest first, until `wantedBytes` are gone. Answers what it deleted. */
  readonly sweep: (wantedBytes: number) => Promise<Swept>;
  readonly levels?: DiskLevels;
  readonly space?: (path: string) => Promise<DiskSpace>;
  readonly deviceOf?: (path: string) => number | null;
  readonly intervalMs?: number;
  readonly quotaPauseMs?: number;
}

export interface Swept {
  readonly files: number;
  readonly bytes: number;
}

const defaultIntervalMs = 10_000;
/** A volume that does not answer must not collect questions. */
const measureLimitMs = 5000;
const fullCodes = new Set(["ENOSPC", "EDQUOT", "EFBIG", "SQLITE_FULL"]);
/** An emergency deletes at most this often: what is gone cannot be deleted twice. */
const sweepPauseMs = 60_000;
/** A quota refuses writes on a disk with room: a reserve that is made again at once would only be given back again. */
const defaultQuotaPauseMs = 60_000;

/** Watches the room on both disks, keeps a reserve for the databases, and says what may start. */
export class DiskGuard implements Service {
  readonly name = "disk-guard";
  private readonly levels: DiskLevels;
  private readonly reserve: ReserveFile;
  private volume: DiskSpace | null = null;
  private scratch: DiskSpace | null = null;
  private problem = "";
  /** The disk that the volume was at the start; another one in its place is not the volume. */
  private readonly device: number | null;
  private hasGone = false;
  /** Volume and scratch lie on one disk, so what is written to either is taken from both. */
  private readonly isOneDisk: boolean;
  private released: { readonly at: string; readonly why: string } | null = null;
  private readonly expected = new Map<string, DiskNeed>();
  private timer: ReturnType<typeof setInterval> | null = null;
  private sweptAt = -Infinity;
  private quotaHitAt = -Infinity;
  private working: Promise<void> | null = null;
  private rounds = 0;

  constructor(private readonly options: DiskGuardOptions) {
    this.device = this.deviceOf(options.volume);
    this.isOneDisk = this.device !== null && this.device === this.deviceOf(options.scratch);
    this.levels = options.levels ?? diskLevels;
    this.reserve = new ReserveFile(options.reserveFile, this.levels.reserveBytes);
  }

  async start(): Promise<void> {
    await this.refresh();
    this.timer = setInterval(() => void this.refresh(), this.options.intervalMs ?? defaultIntervalMs);
  }

  async stop(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    await this.working;
  }

  /** Measures and acts. Never throws; calls during a round wait for that round. */
  refresh(): Promise<void> {
    this.working ??= this.round().finally(() => (this.working = null));
    return this.working;
  }

  /**
   * Asked before a job is claimed, with the answer of the last measure (at most 10 s old). `need` is what the job is
   * going to write; what running jobs are still going to write is taken already. While nothing could be measured nothing
   * is held back: the disk itself then answers.
   */
  mayStart(kind: JobKind, need: DiskNeed = noNeed): MayStart {
    if (this.hasGone) return { ok: false, reason: `Waits for the volume of ${this.options.volume}, which is gone.` };
    const rest = this.rest();
    const disks = this.isOneDisk
      ? [[this.volume, need.volumeBytes + need.scratchBytes, rest.volumeBytes + rest.scratchBytes] as const]
      : [[this.volume, need.volumeBytes, rest.volumeBytes] as const, [this.scratch, need.scratchBytes, rest.scratchBytes] as const];
    for (const [space, needBytes, takenBytes] of disks) {
      const reason = space === null ? null : this.refusal(kind, space, needBytes, takenBytes);
      if (reason !== null) return { ok: false, reason };
    }
    return { ok: true };
  }

  /** What a running job is still going to write; null when it ended. */
  expect(jobId: string, rest: DiskNeed | null): void {
    if (rest === null) this.expected.delete(jobId);
    else this.expected.set(jobId, rest);
  }

  /** Tell it each error of a write: when the disk is full the reserve goes at once, so that the next commit succeeds. */
  noteError(error: unknown): void {
    if (!(error instanceof Error) || !("code" in error) || !fullCodes.has(String(error.code))) return;
    if ((this.volume?.freeBytes ?? 0) >= this.levels.reserveFromBytes) this.quotaHitAt = performance.now();
    this.release(`a write failed (${String(error.code)})`);
    void this.refresh();
  }

  checks(): Check[] {
    const checks = [this.volumeCheck()];
    if (this.scratch !== null && !this.isOneDisk) checks.push(this.scratchCheck(this.scratch));
    const rest = this.rest().volumeBytes;
    if (rest > 0 && this.volume !== null) checks.push(forecastCheck(rest, this.volume.freeBytes));
    return checks;
  }

  /** The last measure of the volume; null before the first. */
  space(): DiskSpace | null {
    return this.volume;
  }

  private async round(): Promise<void> {
    try {
      const space = this.options.space ?? diskSpace;
      [this.volume, this.scratch] = await withLimit(Promise.all([space(this.options.volume), space(this.options.scratch)]), measureLimitMs, tooLate);
      this.problem = "";
      this.hasGone = this.deviceOf(this.options.volume) !== this.device;
      if (!this.hasGone) await this.act(this.volume);
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    }
    this.rounds++;
  }

  private async act(volume: DiskSpace): Promise<void> {
    const { emergencyBytes, reserveFromBytes } = levelsOn(volume, this.levels);
    if (volume.freeBytes < emergencyBytes) {
      this.release(`only ${formatBytes(volume.freeBytes)} were free`);
      await this.sweep(emergencyBytes - volume.freeBytes);
    } else if (this.mayReserve() && volume.freeBytes >= reserveFromBytes && !this.reserve.exists()) {
      await this.reserve.make();
      this.released = null;
    }
  }

  /** Not in the first round: a start has better things to do than to write 64 MiB. */
  private mayReserve(): boolean {
    return this.rounds > 0 && performance.now() - this.quotaHitAt >= (this.options.quotaPauseMs ?? defaultQuotaPauseMs);
  }

  private async sweep(wantedBytes: number): Promise<void> {
    if (performance.now() - this.sweptAt < sweepPauseMs) return;
    this.sweptAt = performance.now();
    const swept = await this.options.sweep(wantedBytes);
    this.options.log.warn("disk.swept", `the disk is nearly full; ${formatBytes(swept.bytes)} of caches and old logs were deleted`, { ...swept });
    const space = this.options.space ?? diskSpace;
    if (swept.files > 0) this.volume = await space(this.options.volume);
  }

  private release(why: string): void {
    if (!this.reserve.remove()) return;
    this.released = { at: new Date().toISOString(), why };
    this.options.log.error("disk.reserve-released", `the reserve of ${formatBytes(this.levels.reserveBytes)} was given back because ${why}`, {});
  }

  private refusal(kind: JobKind, space: DiskSpace, needBytes: number, takenBytes: number): string | null {
    const levels = levelsOn(space, this.levels);
    const { disk, words } = jobKinds[kind];
    const floor = levels[disk.floor];
    const free = `${formatBytes(space.freeBytes)} are free on the disk of ${space.path}`;
    if (space.freeBytes < floor) return `${free}. ${words.doing} needs at least ${formatBytes(floor)}.`;
    if (needBytes === 0 || space.freeBytes - takenBytes >= needBytes) return null;
    const taken = takenBytes === 0 ? "" : `, of which the running training still needs ${formatBytes(takenBytes)}`;
    return `${free}${taken}, and this job is going to write about ${formatBytes(needBytes)}.`;
  }

  private rest(): DiskNeed {
    const all = [...this.expected.values()];
    return {
      volumeBytes: all.reduce((sum, { volumeBytes }) => sum + volumeBytes, 0),
      scratchBytes: all.reduce((sum, { scratchBytes }) => sum + scratchBytes, 0),
    };
  }

  private volumeCheck(): Check {
    const { volume, released } = this;
    if (this.hasGone) {
      const detail = `The volume of ${this.options.volume} is gone: another disk is in its place.`;
      return { id: "disk", label: "Disk", state: "error", detail, fix: "Attach the volume again, and restart Isengard if this stays. No new work is begun before.", checkedAt: new Date().toISOString() };
    }
    if (volume === null || this.problem !== "") {
      const detail = this.problem === "" ? "The free space was not measured yet." : `The free space of ${this.options.volume} could not be read: ${this.problem}.`;
      return { id: "disk", label: "Disk", state: "unknown", detail, fix: "Check that the folder exists and that the volume is mounted.", checkedAt: null };
    }
    const check = diskCheck(volume, this.levels);
    if (released === null) return check;
    const detail = `${check.detail} The reserve for the databases was given back at ${released.at} because ${released.why}.`;
    return { ...check, state: "error", detail, fix: `Delete something now. The reserve comes back above ${formatBytes(this.levels.reserveFromBytes)}.` };
  }

  private scratchCheck(scratch: DiskSpace): Check {
    return diskCheck(scratch, this.levels, { id: "disk-container", label: "Disk of this container" });
  }

  private deviceOf(path: string): number | null {
    return (this.options.deviceOf ?? deviceOf)(path);
  }
}

function tooLate(): never {
  throw new Error(`the disk did not answer within ${measureLimitMs / 1000} seconds`);
}
