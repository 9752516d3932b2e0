import { expect } from "bun:test";
import type { Job } from "../../server/contract/job.ts";
import { isFinal } from "../../server/jobs/store/states.ts";
import { waitFor } from "../../server/testing/wait.ts";
import { checkHistory, readRecords, type Records } from "../chaos/history.ts";
import { scan } from "../chaos/processes.ts";
import type { Started } from "./executable.ts";
import { expectWholeLog } from "./job-log.ts";
import { lorasOf, outputsOf } from "./story.ts";

/**
 * What must hold after every fault, once each job has ended; ends the server. The server answers; each acknowledged job is there and
 * has ended; no process of a job is left; logs hold what the children printed; files that are offered are whole; the database is sound,
 * its history has no hole, no forbidden step and never two jobs at once on a lane.
 */
export async function expectSound(server: Started, acknowledged: readonly string[]): Promise<Records> {
  expect((await fetch(`${server.url}/health`, { signal: AbortSignal.timeout(10_000) })).status).toBe(200);
  const jobs = await jobsOf(server);
  expect(acknowledged.filter((id) => !jobs.some((job) => job.id === id))).toEqual([]);
  expect(jobs.filter((job) => !isFinal(job.state))).toEqual([]);
  for (const job of jobs) await expectWholeFiles(server, job);
  await waitFor("no process of a job is left", () => scan(server.folder, isOfJob).filter((one) => one.run !== null && isOfJob(one.run)).length === 0);
  expect(await server.kill("SIGTERM")).toBe(0);
  const records = readRecords(server.folder);
  expect(records.integrity).toBe("ok");
  expect(checkHistory(records)).toEqual([]);
  return records;

  function isOfJob(run: string): boolean {
    return jobs.some((job) => run.startsWith(job.id));
  }
}

const pageSize = 500;

async function jobsOf(server: Started): Promise<Job[]> {
  const found: Job[] = [];
  for (;;) {
    const before = found.length === 0 ? "" : `&before=${found.at(-1)!.id}`;
    const { jobs } = await server.json<{ jobs: Job[] }>(`/api/jobs?state=all&limit=${pageSize}${before}`);
    found.push(...jobs);
    if (jobs.length < pageSize) return found;
  }
}

async function expectWholeFiles(server: Started, job: Job): Promise<void> {
  if (job.kind === "training" && job.startedAt !== null) await expectWholeLog(server, job.id);
  for (const output of await outputsOf(server, job.id)) {
    const bytes = Buffer.from(await (await server.api(output.url)).arrayBuffer());
    expect(bytes.subarray(-8, -4).toString("latin1")).toBe("IEND");
  }
  for (const lora of (await lorasOf(server)).filter(({ jobId }) => jobId === job.id)) {
    const bytes = await (await server.api(`/api/loras/${lora.id}/download`)).arrayBuffer();
    expect(new Bun.CryptoHasher("sha256").update(bytes).digest("hex")).toBe(lora.sha256);
  }
}
