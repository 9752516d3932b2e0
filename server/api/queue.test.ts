import { afterEach, beforeEach, expect, test } from "bun:test";
import { Elysia } from "elysia";
import type { Job, QueueView } from "../contract/job.ts";
import { untilStopped } from "../jobs/testing/fake-backends.ts";
import { openRig, type Rig } from "../jobs/testing/rig.ts";
import { waitFor } from "../testing/wait.ts";
import { createLog } from "../base/log.ts";
import { generationApi } from "./generation.ts";
import { jobsApi } from "./jobs.ts";
import { onError } from "./gate/on-error.ts";

let rig: Rig;
let server: { stop(): unknown; base: string };
beforeEach(() => {
  rig = openRig();
  const { queue, actions, admission } = rig.jobs;
  const deps = { queue, actions, admission, bus: rig.bus, metrics: rig.metrics, artifacts: rig.artifacts };
  const app = new Elysia().use(onError(createLog({ write: () => {} }, "error"))).use(generationApi(deps)).use(jobsApi(deps))
    .listen({ port: 0, hostname: "127.0.0.1" });
  server = { stop: () => app.stop(true), base: `http://127.0.0.1:${app.server!.port}` };
});
afterEach(async () => {
  await server.stop();
  await rig.close();
});

async function call<T = { error: { code: string; what: string; why: string } }>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }> {
  const answer = await fetch(`${server.base}${path}`, {
    method, ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: (text === "" ? null : JSON.parse(text)) as T };
}

test("the queue is told as a whole, and paused and resumed with or without a reason", async () => {
  const { id } = rig.paint();
  const view = await call<QueueView>("GET", "/api/queue");
  expect(view).toMatchObject({ status: 200, body: { paused: null, running: [], waiting: [{ job: { id } }], recent: [] } });
  expect(await call("POST", "/api/queue/pause")).toMatchObject({ status: 200, body: { paused: { reason: "" } } });
  expect(await call("POST", "/api/queue/pause", { reason: " lunch " })).toMatchObject({ status: 200, body: { paused: { reason: "lunch" } } });
  expect((await call("POST", "/api/queue/pause", { reason: "x".repeat(201) })).status).toBe(422);
  expect((await call<QueueView>("GET", "/api/queue")).body.paused).toMatchObject({ reason: "lunch" });
  expect(await call("POST", "/api/queue/resume")).toEqual({ status: 200, body: { paused: null } as never });
});

test("a page of a list that begins behind no job is refused, instead of looking like the end", async () => {
  const { id } = rig.paint();
  for (const list of ["jobs", "generation"]) {
    expect(await call("GET", `/api/${list}?before=job-none`)).toMatchObject({ status: 404, body: { error: { code: "not_found" } } });
    expect(await call("GET", `/api/${list}?before=${id}`)).toMatchObject({ status: 200, body: { jobs: [] } });
  }
});

test("waiting jobs are moved and weighted; each refusal has its own status and reason", async () => {
  const [first, second] = [rig.paint("first"), rig.paint("second")];
  const order = async () => (await call<QueueView>("GET", "/api/queue")).body.waiting.map(({ job }) => job.request["prompt"]);
  expect((await call<Job>("POST", `/api/jobs/${second.id}/move`, { before: first.id })).status).toBe(200);
  expect(await order()).toEqual(["second", "first"]);
  expect(await call<Job>("PATCH", `/api/jobs/${first.id}`, { priority: 3 })).toMatchObject({ status: 200, body: { priority: 3 } });
  expect(await order()).toEqual(["first", "second"]);
  expect((await call("PATCH", `/api/jobs/${first.id}`, { priority: 11 })).status).toBe(422);
  expect((await call("POST", `/api/jobs/${first.id}/move`, {})).status).toBe(422);
  expect((await call("POST", `/api/jobs/${first.id}/move`, { after: "job-none" })).status).toBe(409);
  expect((await call("POST", "/api/jobs/job-none/move", { position: 0 })).status).toBe(404);
});

test("a job is tried again, repeated and deleted by its address", async () => {
  rig.painter.work = async () => ({ kind: "failed", failure: { code: "vram", what: "x", why: "", fix: "", tail: [] } });
  rig.start();
  const { id } = rig.paint();
  await rig.until(id, "failed");
  expect(await call<Job>("POST", `/api/jobs/${id}/retry`)).toMatchObject({ status: 200, body: { id, state: "queued" } });
  await rig.until(id, "failed");
  const again = await call<Job>("POST", `/api/jobs/${id}/repeat`);
  expect(again).toMatchObject({ status: 201, body: { kind: "generation", request: { prompt: "a portrait" } } });
  await rig.until(again.body.id, "failed");
  expect(await call("DELETE", `/api/jobs/${id}`)).toEqual({ status: 204, body: null as never });
  expect((await call("GET", `/api/jobs/${id}`)).status).toBe(404);
  expect((await call("DELETE", `/api/jobs/${id}`)).status).toBe(404);
});

test("Q24: depth, oldest age, run time, retries and rescues are told as numbers", async () => {
  rig.waitScale = 0.0001;
  rig.painter.work = async () => ({ kind: "failed", failure: { code: "network", what: "x", why: "", fix: "", tail: [] } });
  rig.start();
  const first = rig.paint();
  await rig.until(first.id, "failed");
  rig.painter.work = async (_job, host) => { await untilStopped(host); return { kind: "stopped" }; };
  const second = rig.paint();
  const third = rig.paint();
  await rig.until(second.id, "starting");
  rig.db.query("update job set created_at = ? where id = ?").run(new Date(Date.now() - 90_000).toISOString(), third.id);
  const text = await (await fetch(`${server.base}/api/metrics`)).text();
  for (const line of [
    'isengard_job_retries_total{class="network"} 5', 'isengard_job_run_seconds_count{kind="generation",end="failed"} 1',
    'isengard_job_transitions_total{kind="generation",to="claimed"} 7', 'isengard_queue_depth{state="queued"} 1',
    'isengard_queue_depth{state="starting"} 1',
  ]) expect(text).toContain(`${line}\n`);
  expect(Number(/^isengard_queue_oldest_seconds (\d+)$/m.exec(text)![1])).toBeGreaterThanOrEqual(90);
  expect(text).toMatch(/^isengard_job_run_seconds_sum\{kind="generation",end="failed"\} \d/m);
  await rig.restart();
  await rig.until(second.id, "starting");
  await waitFor("it was taken over", () => rig.jobs.actions.metrics().includes('isengard_job_rescues_total{kind="generation"} 1'));
});

test("an open job is not deleted, and pictures that do not wait cannot be made sooner", async () => {
  rig.painter.work = async (_job, host) => { await untilStopped(host); return { kind: "stopped" }; };
  rig.start();
  const { id } = rig.paint();
  await rig.until(id, "starting");
  expect(await call("DELETE", `/api/jobs/${id}`)).toMatchObject({ status: 409, body: { error: { code: "conflict", why: "It is starting." } } });
  expect((await call("POST", `/api/generation/${id}/run-now`)).status).toBe(409);
  expect((await call("POST", "/api/generation/job-none/run-now")).status).toBe(404);
  const waiting = rig.paint();
  expect(await call<Job>("POST", `/api/generation/${waiting.id}/run-now`)).toMatchObject({ status: 200, body: { id: waiting.id } });
});
