import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../server/db/open.ts";
import { createBus } from "../../server/events/bus.ts";
import { newId } from "../../server/base/ids.ts";
import { JobStore } from "../../server/jobs/store/store.ts";
import { createLog } from "../../server/base/log.ts";
import type { Boot } from "../../server/contract/boot.ts";
import type { Job } from "../../server/contract/job.ts";
import { cleanEnv, endLeftovers, executablePath, startExecutable, type Started } from "../testing/executable.ts";
import { makeCharacter, startTraining } from "../testing/story.ts";
import { type Measure, median } from "./report.ts";

const rounds = 7;
const flags = ["--mode", "fast-test", "--simulate-speed", "1"];

/** A data folder of a server that has run, with this many jobs that have ended. */
async function folderWithJobs(count: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "isengard-bench-jobs-"));
  const server = await startExecutable({ folder, flags });
  await server.kill("SIGTERM");
  const db = openDatabase(join(folder, "data/state.db"), "FULL");
  const store = new JobStore(db, createBus((error) => { throw error; }), createLog({ write: () => undefined }, "error"));
  db.transaction(() => {
    for (let n = 0; n < count; n++) addEnded(store, n);
  })();
  db.close();
  return folder;
}

function addEnded(store: JobStore, number: number): void {
  const { id } = store.insert({
    id: newId("job"), kind: "generation", title: `${number} pictures`, subject: "pictures", characterId: null, backend: "comfyui",
    correlationId: "cor-bench", request: { prompt: "portrait in a garden at noon, soft light", count: 1 }, frozen: {},
    idempotencyKey: null, idempotencyHash: null, priority: 0, simulated: false,
  });
  const claim = store.claimNext("gpu", crypto.randomUUID());
  for (const state of ["starting", "running", "succeeded"] as const) store.transition(id, state, { why: "bench", ...(claim ? { token: claim.token } : {}) });
}

/** From the start of a new server, after kill -9 of the last one, to a page that shows the training as it is. */
export async function benchRecovery(): Promise<Measure[]> {
  const jobs = 10_000;
  const folder = await folderWithJobs(jobs);
  let server = await startExecutable({ folder, flags });
  const training = await startTraining(server, (await makeCharacter(server, "Ada", 3)).id, { steps: 2_000 });
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await untilRunning(server, training.id);
    await server.kill("SIGKILL");
    const begun = performance.now();
    server = await startExecutable({ folder, flags });
    const boot = await bootOf(server);
    const shown = boot.jobs.find((job) => job.id === training.id);
    if (shown?.state !== "running" || shown.attempt !== 1) throw new Error(`the page shows the training as ${shown?.state}, attempt ${shown?.attempt}`);
    times.push(performance.now() - begun);
  }
  await server.dispose();
  return [{
    name: `kill -9 to a right page, ${jobs.toLocaleString("en")} jobs (median of ${rounds})`, value: median(times), unit: "ms",
    goal: { kind: "at most", value: 1000 }, beside: `slowest ${Math.max(...times).toFixed(0)} ms; a training runs and is adopted`,
  }];
}

async function untilRunning(server: Started, id: string): Promise<void> {
  const end = performance.now() + 20_000;
  for (;;) {
    const job = await server.json<Job>(`/api/training/${id}`);
    if (job.state === "running") return;
    if (job.finishedAt !== null || performance.now() > end) throw new Error(`the training is ${job.state}`);
    await Bun.sleep(20);
  }
}

async function bootOf(server: Started): Promise<Boot> {
  const html = await (await server.api("/")).text();
  const json = /<script[^>]*type="application\/json"[^>]*>(.*?)<\/script>/s.exec(html)?.[1];
  if (json === undefined || json === "null") throw new Error("the page has no data");
  return JSON.parse(json) as Boot;
}

/** Pages of 100 jobs out of 100,000, from the newest to the oldest. */
export async function benchLongList(): Promise<Measure[]> {
  const jobs = 100_000;
  const folder = await folderWithJobs(jobs);
  const server = await startExecutable({ folder, flags });
  const times: number[] = [];
  let before = "";
  for (let page = 0; page < 200; page++) {
    const begun = performance.now();
    const list = await server.json<{ jobs: Job[] }>(`/api/generation?limit=100${before}`);
    times.push(performance.now() - begun);
    if (list.jobs.length !== 100) throw new Error(`page ${page} has ${list.jobs.length} jobs`);
    before = `&before=${list.jobs.at(-1)!.id}`;
  }
  const first = times[0]!;
  const sorted = times.toSorted((one, other) => one - other);
  const restart = await timeRestart(server, folder);
  await endLeftovers(folder);
  rmSync(folder, { recursive: true, force: true });
  return [
    { name: `list of ${jobs.toLocaleString("en")} jobs, page of 100 (p95 of 200 pages)`, value: sorted[Math.floor(sorted.length * 0.95)]!, unit: "ms", goal: { kind: "at most", value: 20 }, beside: `first ${first.toFixed(1)} ms` },
    { name: `start with ${jobs.toLocaleString("en")} jobs`, value: restart, unit: "ms", goal: { kind: "at most", value: 2000 } },
  ];
}

async function timeRestart(server: Started, folder: string): Promise<number> {
  await server.kill("SIGTERM");
  if (!existsSync(executablePath)) throw new Error("The executable is gone.");
  const begun = performance.now();
  const again = await startExecutable({ folder, flags, env: cleanEnv() });
  const elapsed = performance.now() - begun;
  await again.kill("SIGTERM");
  return elapsed;
}
