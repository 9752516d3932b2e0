import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import type { Waiting } from "../../contract/job.ts";
import type { Check } from "../../contract/system.ts";
import type { Service } from "../../base/lifecycle.ts";
import type { Log } from "../../base/log.ts";
import { signalProcess } from "../../process/identity.ts";
import { stopRun } from "../../process/kill.ts";
import { findHolders, findMarks, type HolderProcess } from "../../process/marker.ts";
import { readSpec } from "../../process/records.ts";
import { Detached, runHeld } from "../../process/run.ts";
import { isActive } from "../store/states.ts";
import type { JobStore } from "../store/store.ts";

export interface LeftoversParts {
  readonly store: JobStore;
  readonly jobsDir: string;
  readonly self: readonly string[];
  readonly log: Log;
  /** Called when the last one is gone, so that jobs that waited for it begin. */
  onGone(): void;
}

/** One child of a job, by what its folder and its mark say. */
interface ChildRun {
  readonly jobId: string;
  readonly attempt: number;
  readonly runId: string;
  readonly dir: string;
  readonly holder: HolderProcess | null;
}

interface Told {
  readonly name: string;
  readonly at: string;
  readonly why: string | null;
}

/** A program that was ended long ago is of no interest to anybody. */
const mostTold = 20;
/** For a child whose folder is gone, and with it what it wanted. */
const plainRungs = [{ signal: "SIGINT", target: "leader", waitMs: 5_000 }, { signal: "SIGTERM", target: "group", waitMs: 5_000 }] as const;

/**
 * Looks for children of jobs that the database does not know as running: after a backup was restored, or when a job had
 * to be given up. They are proven ours by the folder in their holder's command or by their mark and our records of
 * them, stopped by their ladder, and told. Until they are gone no job begins, because they may hold the GPU.
 */
export class Leftovers implements Service {
  readonly name = "leftovers";
  private readonly ending = new Map<string, ChildRun>();
  private readonly told: Told[] = [];
  private readonly detach = new AbortController();

  constructor(private readonly parts: LeftoversParts) {}

  /** Does not wait until they are gone. May be called again at any time. */
  start(): void {
    for (const run of findChildren(this.parts.jobsDir)) {
      if (this.ending.has(run.dir) || this.isWanted(run)) continue;
      this.ending.set(run.dir, run);
      void this.end(run);
    }
  }

  stop(): void {
    this.detach.abort();
  }

  /** Why no job may begin, or null. */
  waiting(): Waiting | null {
    if (this.ending.size === 0) return null;
    const [run] = this.ending.values();
    return { code: "leftover", text: `Waits until a program of an earlier time has stopped: ${this.nameOf(run!)}.` };
  }

  checks(): Check[] {
    const running = [...this.ending.values()].map((run) => this.nameOf(run));
    const failed = this.told.filter(({ why }) => why !== null);
    const stopped = this.told.filter(({ why }) => why === null);
    const detail = [
      running.length === 0 ? "" : `Still stopping: ${running.join("; ")}.`,
      failed.length === 0 ? "" : `Could not be stopped: ${failed.map(({ name, why }) => `${name} (${why})`).join("; ")}.`,
      stopped.length === 0 ? "" : `Found running without being known to the database, and stopped: ${stopped.map(({ name }) => name).join("; ")}.`,
    ].filter((part) => part !== "").join(" ");
    if (detail === "") return [];
    const fix = failed.length > 0 ? "Restart this machine, or end these programs by hand." : "Nothing has to be done. What they had made lies in their folders.";
    return [{ id: "leftovers", label: "Programs of an earlier time", state: failed.length > 0 ? "error" : "warning", detail, fix, checkedAt: this.told.at(-1)?.at ?? new Date().toISOString() }];
  }

  private isWanted({ jobId, attempt }: ChildRun): boolean {
    const row = this.parts.store.row(jobId);
    return row !== null && isActive(row.state) && row.attempt === attempt;
  }

  private nameOf({ jobId, attempt }: ChildRun): string {
    const job = this.parts.store.get(jobId);
    return job === null ? `attempt ${attempt} of ${jobId}, a job that is not in the database` : `attempt ${attempt} of ${job.title} (${jobId}), which is ${job.state}`;
  }

  private async end(run: ChildRun): Promise<void> {
    const { log } = this.parts;
    const { jobId, attempt, dir } = run;
    const name = this.nameOf(run);
    log.warn("leftover.found", "a child program runs that the database does not know as running; it is stopped", { jobId, attempt, dir });
    try {
      await this.endOne(run);
      log.warn("leftover.stopped", "a child program that the database did not know is gone", { jobId, attempt, dir });
      this.tell(name, null);
    } catch (error) {
      if (error instanceof Detached || this.detach.signal.aborted) return;
      log.error("leftover.failed", "a child program that the database does not know could not be stopped", { jobId, attempt, dir, error });
      this.tell(name, error instanceof Error ? error.message : String(error));
    }
    this.ending.delete(dir);
    if (this.ending.size === 0) this.parts.onGone();
  }

  private async endOne({ dir, runId, holder }: ChildRun): Promise<void> {
    const { self, log } = this.parts;
    const detach = this.detach.signal;
    const spec = existsSync(dir) ? readSpec(dir) : null;
    if (spec !== null) {
      const command = { ...spec.command, env: {} };
      await runHeld({ dir, runId: spec.runId, correlationId: spec.correlationId, self, command, log, signal: AbortSignal.abort(), detach, onLine: () => {} });
      return;
    }
    await stopRun({ runId, leader: null, rungs: plainRungs, detach }).done;
    // Its folder is gone, so it would try in vain to write down the end.
    if (holder) signalProcess(holder.identity, "SIGKILL");
  }

  private tell(name: string, why: string | null): void {
    this.told.push({ name, at: new Date().toISOString(), why });
    if (this.told.length > mostTold) this.told.shift();
  }
}

const markOfChild = /^([^./]+)\.(\d+)\.([A-Za-z0-9-]+)$/;
const folderOfChild = /^([^/]+)\/attempt-(\d+)\/([A-Za-z0-9-]+)$/;

/** The living children of jobs in this folder. What runs from a copy of the folder elsewhere is not ours. */
function findChildren(jobsDir: string): ChildRun[] {
  const holders = findHolders();
  const found = new Map<string, ChildRun>();
  const add = (jobId: string, attempt: string, name: string, holder: HolderProcess | null) => {
    const dir = join(jobsDir, jobId, `attempt-${attempt}`, name);
    if (!found.has(dir)) found.set(dir, { jobId, attempt: Number(attempt), runId: `${jobId}.${attempt}.${name}`, dir, holder });
  };
  const root = realPath(jobsDir);
  for (const holder of holders) {
    const dir = realPath(holder.dir);
    const [, jobId, attempt, name] = folderOfChild.exec(dir.startsWith(`${root}/`) ? dir.slice(root.length + 1) : "") ?? [];
    if (jobId && attempt && name) add(jobId, attempt, name, holder);
  }
  const heldElsewhere = new Set(holders.map(({ dir }) => dir.split("/").slice(-3).join("/")));
  for (const mark of findMarks()) {
    const [, jobId, attempt, name] = markOfChild.exec(mark) ?? [];
    if (!jobId || !attempt || !name || heldElsewhere.has(`${jobId}/attempt-${attempt}/${name}`)) continue;
    if (existsSync(join(jobsDir, jobId, `attempt-${attempt}`, name))) add(jobId, attempt, name, null);
  }
  return [...found.values()];
}

function realPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}
