import { readdir, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Paths } from "../../files/paths.ts";
import type { Swept } from "./guard.ts";

export interface SweepDeps {
  readonly paths: Paths;
  /** Whether this job has ended. One that nobody knows counts as not ended. */
  isFinished(jobId: string): boolean;
  readonly now?: () => number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Bounds the walk over folders of tools. */
const maxDepth = 6;

interface Candidate {
  readonly path: string;
  readonly sizeBytes: number;
  readonly changedAt: number;
}

/**
 * Deletes only what can be made again or what nobody reads any more, oldest first, until enough is gone: parts of
 * abandoned uploads, rotated service logs, raw output of ended jobs, thumbnails, logs of long ended jobs.
 * Never a photo, a LoRA, a checkpoint, a picture, a database or a backup: those go only when a person deleted them
 * (library/purge.ts), or when they were begun and their server died (library/erasure.ts).
 */
export async function sweepDisk(deps: SweepDeps, wantedBytes: number): Promise<Swept> {
  const total = { files: 0, bytes: 0 };
  for (const find of [abandonedParts, rotatedLogs, rawOutput, thumbnails, oldJobLogs]) {
    const candidates = (await find(deps)).sort((one, other) => one.changedAt - other.changedAt);
    for (const candidate of candidates) {
      if (total.bytes >= wantedBytes) return total;
      await rm(candidate.path, { force: true });
      total.files++;
      total.bytes += candidate.sizeBytes;
    }
  }
  return total;
}

async function abandonedParts(deps: SweepDeps): Promise<Candidate[]> {
  return older(await filesIn(deps.paths.uploads), deps, hourMs);
}

async function rotatedLogs({ paths }: SweepDeps): Promise<Candidate[]> {
  const name = basename(paths.serviceLog);
  return (await filesIn(paths.logs)).filter(({ path }) => basename(path).startsWith(`${name}.`));
}

/** The lines are in the job's log too; this is the terminal's output as it came. */
async function rawOutput(deps: SweepDeps): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const job of await namesIn(deps.paths.jobs)) {
    if (!deps.isFinished(job)) continue;
    for (const file of await filesBelow(join(deps.paths.jobs, job), maxDepth)) if (basename(file.path).startsWith("pty.log")) found.push(file);
  }
  return older(found, deps, dayMs);
}

async function thumbnails({ paths }: SweepDeps): Promise<Candidate[]> {
  return filesIn(paths.thumbnails);
}

async function oldJobLogs(deps: SweepDeps): Promise<Candidate[]> {
  const found = (await filesIn(deps.paths.jobLogs)).filter(({ path }) => deps.isFinished(basename(path).split(".")[0]!));
  return older(found, deps, 30 * dayMs);
}

function older(files: readonly Candidate[], { now = Date.now }: SweepDeps, ageMs: number): Candidate[] {
  return files.filter(({ changedAt }) => now() - changedAt > ageMs);
}

async function filesBelow(folder: string, depth: number): Promise<Candidate[]> {
  if (depth === 0) return [];
  const found = await filesIn(folder);
  for (const entry of await entriesIn(folder)) if (entry.isDirectory()) found.push(...(await filesBelow(join(folder, entry.name), depth - 1)));
  return found;
}

async function filesIn(folder: string): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const entry of await entriesIn(folder)) {
    if (!entry.isFile()) continue;
    const path = join(folder, entry.name);
    const facts = await stat(path).catch(() => null); // removed meanwhile
    if (facts !== null) found.push({ path, sizeBytes: facts.size, changedAt: facts.mtimeMs });
  }
  return found;
}

async function namesIn(folder: string): Promise<string[]> {
  return (await entriesIn(folder)).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

async function entriesIn(folder: string) {
  return readdir(folder, { withFileTypes: true }).catch(() => []); // not made yet: nothing to delete
}
