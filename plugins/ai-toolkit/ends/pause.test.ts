import { afterAll, afterEach, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../../server/testing/folder.ts";
import { waitFor } from "../../../server/testing/wait.ts";
import { TestJob, type TestHost } from "../../conformance/test-host.ts";
import { trainingJob } from "../../conformance/training.ts";
import { checkLora } from "./final-file.ts";
import { trainingPresets } from "../presets.ts";
import { simulatorSettings } from "../testing-settings.ts";
import { trainingBackend } from "../training.ts";

const folder = temporaryFolder();
const jobs: TestJob[] = [];
afterEach(async () => {
  for (const job of jobs.splice(0)) await job.dispose();
});
afterAll(() => folder.remove());

const values = { ...trainingPresets(3)[0]!.values, steps: 400, saveEvery: 1000, sampleEvery: 1000, resolutions: [512], samplePrompts: [] };
const backend = trainingBackend(simulatorSettings("ok", 4));

function newJob(): TestJob {
  const job = new TestJob(folder.path);
  jobs.push(job);
  return job;
}

const stepOf = (host: TestHost) => host.updates.at(-1)?.step ?? 0;
const trained = (host: TestHost, step: number) => waitFor(`step ${step} is reached (${stepOf(host)})`, () => stepOf(host) >= step, 30_000);

test("a pause loses nothing that was saved: checkpoint and optimizer are written first, and the next attempt starts right there", async () => {
  const job = newJob();
  const request = await trainingJob(folder.path, values);
  const host = job.host(1);
  const first = backend.train(request, host);
  await trained(host, 20);
  const asked = stepOf(host);
  host.pause();
  const outcome = await first;
  if (outcome.kind !== "paused" || outcome.step === null) throw new Error(`It ended as ${JSON.stringify(outcome)}.`);
  expect(outcome.step).toBeGreaterThanOrEqual(asked);
  expect(job.leftovers()).toBe(0);
  const output = join(job.dir, "output", request.name);
  const checkpoint = join(output, `${request.name}_${String(outcome.step).padStart(9, "0")}.safetensors`);
  expect(checkLora(checkpoint)).toMatchObject({ complete: true, file: { step: outcome.step } });
  expect(statSync(join(output, "optimizer.pt")).mtimeMs).toBeGreaterThanOrEqual(statSync(checkpoint).mtimeMs);

  const next = job.host(2);
  const second = backend.train(request, next);
  await trained(next, outcome.step);
  expect(next.updates.filter((update) => update.step > 0).every((update) => update.step >= outcome.step!)).toBe(true);
  next.cancel();
  expect((await second).kind).toBe("stopped");
}, 60_000);

test("a pause that was asked for before a crash of the server is carried out after it", async () => {
  const job = newJob();
  const request = await trainingJob(folder.path, values);
  const before = job.host(1);
  void backend.train(request, before);
  await trained(before, 10);
  before.pause();
  before.vanish();
  const after = job.host(1);
  after.pause();
  const outcome = await backend.train(request, after);
  expect(outcome.kind).toBe("paused");
  expect(outcome.kind === "paused" && outcome.step).toBeGreaterThanOrEqual(10);
  expect(job.leftovers()).toBe(0);
}, 60_000);

test("a training that has not made a step gives way without a save, and one that has not begun does not begin", async () => {
  const job = newJob();
  const request = await trainingJob(folder.path, values);
  const host = job.host(1);
  const first = trainingBackend(simulatorSettings("slow", 1)).train(request, host);
  await waitFor("the child runs", () => job.children.size > 0);
  const control = join(host.attemptDir, "control.db");
  await waitFor("it loads", () => existsSync(control) && host.lines.length > 3);
  host.pause();
  await waitFor("it was told to stop", () => flag(control, host.jobId) === 1);
  host.cancel();
  expect((await first).kind).toBe("stopped");

  const other = newJob();
  const idle = other.host(1);
  idle.pause();
  expect(await backend.train(request, idle)).toEqual({ kind: "paused", step: null });
  expect(other.children.size).toBe(0);
}, 60_000);

test("the person's stop wins over a pause", async () => {
  const job = newJob();
  const request = await trainingJob(folder.path, values);
  const host = job.host(1);
  const first = backend.train(request, host);
  await trained(host, 5);
  host.pause();
  host.cancel();
  expect((await first).kind).toBe("stopped");
}, 60_000);

function flag(path: string, jobId: string): number {
  const db = new Database(path, { readonly: true });
  try {
    return Number(db.query<{ stop: number }, [string]>("select stop from Job where id = ?").get(jobId)?.stop ?? 0);
  } finally {
    db.close();
  }
}
