import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { LogEntry, LogPage } from "../../server/contract/log.ts";
import type { JobState } from "../../server/contract/job.ts";
import { isFinal } from "../../server/jobs/store/states.ts";
import { LineSplitter } from "../../server/process/lines.ts";
import { tail } from "../../server/process/tail.ts";
import { defaultRotation } from "../../server/process/segments.ts";
import { checkAttempts } from "./attempts.ts";
import { checkEnd } from "./ends.ts";
import { checkHistory, readRecords, type Records, statesOf } from "./history.ts";
import { isOfTool } from "./processes.ts";
import type { World } from "./world.ts";

/** Without a job changing its state; a busy machine may take long for all of them together. */
const stillLimitMs = 90_000;

/** Waits until every job has ended; afterwards each wish is known to have got through or not. */
export async function settle(world: World): Promise<void> {
  let [seen, end] = ["", 0];
  // A wish that was never answered is sent again, as a page does it: the same key gives the same job.
  for (const wish of world.wishes.filter(({ id }) => id === null)) await world.send(wish);
  for (;;) {
    const open = world.wishes.filter(({ id }) => id !== null && !isOver(world.browser.stateOf(id)));
    if (open.length === 0 && world.browser.connected) return;
    const states = open.map(({ id }) => `${id} ${world.browser.stateOf(id!)}`).join(", ");
    if (states !== seen) [seen, end] = [states, performance.now() + stillLimitMs];
    if (performance.now() > end) {
      world.problems.push(`not ended, or not told to the tab, and unchanged for ${stillLimitMs} ms: ${states}`);
      return;
    }
    await Bun.sleep(50);
  }
}

const isOver = (state: JobState | undefined) => state !== undefined && isFinal(state);

/** What only a running server can be asked: the job log of every attempt against the raw output, line for line. */
export async function checkLogs(world: World): Promise<string[]> {
  const problems: string[] = [];
  for (const { id, kind } of world.wishes) {
    if (id === null || kind !== "training") continue;
    const dir = join(world.folder, "data/jobs", id);
    const entries = await allEntries(world, id);
    for (const [index, entry] of entries.entries()) if (entry.line !== index + 1) problems.push(`${id}: log line ${entry.line} stands at ${index + 1}`);
    for (const attempt of readdirSync(dir).filter((name) => name.startsWith("attempt-"))) {
      const run = `${attempt}/train`;
      const printed = await offsetsOf(join(dir, run));
      const logged = entries.filter(({ event, fields }) => event === "tool.line" && fields["run"] === run).map(({ fields }) => Number(fields["offset"]));
      if (JSON.stringify(printed) !== JSON.stringify(logged)) problems.push(`${id}: ${run} printed ${printed.length} lines, ${logged.length} are in its log, ${firstDifference(printed, logged)}`);
    }
  }
  return problems;
}

async function offsetsOf(dir: string): Promise<number[]> {
  const lines = new LineSplitter();
  const offsets: number[] = [];
  const take = (pieces: ReturnType<LineSplitter["push"]>) => { for (const piece of pieces) if (!piece.redraw) offsets.push(piece.offset); };
  try {
    await tail({ dir, segmentBytes: defaultRotation.segmentBytes, from: 0, onChunk: (bytes) => take(lines.push(bytes)), onDropped: () => {}, ended: () => true });
  } catch (error) {
    // Nothing was ever started in this attempt.
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  take(lines.end());
  return offsets;
}

function firstDifference(printed: readonly number[], logged: readonly number[]): string {
  const at = printed.findIndex((offset, index) => logged[index] !== offset);
  return at < 0 ? `more from ${logged[printed.length]} on` : `different from ${printed[at]} (logged: ${logged[at]}) on`;
}

async function allEntries(world: World, id: string): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for (;;) {
    const page = await world.required().json<LogPage>(`/api/jobs/${id}/logs/view?limit=1000&after=${entries.at(-1)?.line ?? 0}`);
    entries.push(...page.entries);
    if (page.entries.length === 0) return entries;
  }
}

/** After the server has ended: its database against what was asked, answered and shown. */
export function checkRecords(world: World): string[] {
  const records = readRecords(world.folder);
  const problems = [...checkHistory(records), ...checkViews(world, records), ...checkWishes(world, records), ...checkAttempts(world.folder, records.jobs)];
  if (records.integrity !== "ok") problems.push(`the database is damaged: ${records.integrity}`);
  for (const job of records.jobs) problems.push(...checkEnd(world, job, records));
  return problems;
}

function checkWishes(world: World, { jobs }: Records): string[] {
  const known = new Map(jobs.map((job) => [job.idempotency_key, job.id]));
  const keys = new Set(world.wishes.map(({ key }) => key));
  return [
    ...world.wishes.filter(({ id, key }) => id !== null && known.get(key) !== id).map(({ id, key }) => `${id} (${key}) was acknowledged and is lost`),
    ...jobs.filter((job) => !keys.has(job.idempotency_key)).map((job) => `${job.id} was asked for by nobody`),
    ...(known.size === jobs.length ? [] : ["one key has two jobs"]),
  ];
}

/** What the tab saw of a job in one go must be a piece of its history without a hole. */
function checkViews(world: World, { jobs, steps }: Records): string[] {
  const problems = [...world.browser.problems];
  const states = statesOf(steps);
  for (const { jobId, states: seen } of world.browser.views) {
    const all = states.get(jobId) ?? [];
    // A fetch may be answered before an older event arrives: what it brought may be ahead of the events by some steps.
    const withoutFetch = seen.slice(1);
    if (isPiece(seen, all) || (all.includes(seen[0]!) && isPiece(withoutFetch, all))) continue;
    problems.push(`the tab saw ${seen.join(" → ")} of ${jobId}, which was ${all.join(" → ")}`);
  }
  for (const job of jobs) {
    const shown = world.browser.stateOf(job.id);
    if (shown !== job.state) problems.push(`the tab shows ${job.id} as ${shown}, it is ${job.state}`);
  }
  return problems;
}

function isPiece(part: readonly JobState[], all: readonly JobState[]): boolean {
  return all.some((_, at) => part.every((state, index) => all[at + index] === state)) || part.length === 0;
}

/** With the server gone, only its idle ComfyUI may live on, to be taken over by the next. */
export async function checkLeftovers(world: World): Promise<string[]> {
  const left = world.processes();
  const ofJobs = left.filter((one) => one.run !== null && !isOfTool(one.run));
  const runs = new Set(left.map((one) => one.run).filter((run) => run !== null && isOfTool(run)));
  const holders = left.filter((one) => one.run === null);
  const problems = ofJobs.map((one) => `process ${one.pid} of the ended job ${one.run} lives on`);
  if (runs.size > 1) problems.push(`several tools live on: ${[...runs].join(", ")}`);
  if (holders.length > runs.size) problems.push(`holders without a child: ${holders.map((one) => one.command.slice(0, 160)).join("; ")}`);
  return problems;
}
