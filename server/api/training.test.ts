import { afterEach, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import { mkdirSync, writeFileSync } from "node:fs";
import { Elysia } from "elysia";
import type { Job } from "../contract/job.ts";
import { untilStopped } from "../jobs/testing/fake-backends.ts";
import { openRig, type Rig, succeed } from "../jobs/testing/rig.ts";
import { createLog } from "../base/log.ts";
import { waitFor } from "../testing/wait.ts";
import { generationApi } from "./generation.ts";
import { jobsApi } from "./jobs.ts";
import { onError } from "./gate/on-error.ts";
import { trainingApi } from "./training.ts";
import { videoApi } from "./video.ts";

let rig: Rig;
let server: { stop(): unknown; base: string };
beforeEach(() => {
  rig = openRig();
  const { queue, actions, admission } = rig.jobs;
  const deps = { queue, actions, admission, bus: rig.bus, metrics: rig.metrics, artifacts: rig.artifacts };
  const app = new Elysia({ serve: { idleTimeout: 0 } })
    .use(onError(createLog({ write: () => {} }, "error")))
    .use(trainingApi(deps)).use(generationApi(deps)).use(jobsApi(deps)).use(videoApi())
    .listen({ port: 0, hostname: "127.0.0.1" });
  server = { stop: () => app.stop(true), base: `http://127.0.0.1:${app.server!.port}` };
});
afterEach(async () => {
  await server.stop();
  await rig.close();
});

async function call<T = Record<string, unknown>>(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<{ status: number; body: T }> {
  const answer = await fetch(`${server.base}${path}`, body === undefined
    ? { headers }
    : { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) });
  return { status: answer.status, body: (await answer.json()) as T };
}
type Refusal = { error: { code: string; what: string; why: string; fix: string; fields?: Array<{ path: string }> } };

test("a training is accepted under the present and the earlier names of its fields", async () => {
  const [ada, eva] = [rig.character("Ada"), rig.character("Eva")];
  const present = await call<Job>("/api/training", { characterId: ada.id, preset: "quick", values: { steps: 300 } });
  expect(present).toMatchObject({ status: 201, body: { kind: "training", state: "queued", title: "Training Ada, Quick", characterId: ada.id } });
  const earlier = await call<Job>("/api/training", { character_id: eva.id, preset_name: "quick", config: { steps: 300 } });
  expect(earlier.status).toBe(201);
  expect(earlier.body.request).toEqual({ characterId: eva.id, preset: "quick", values: { steps: 300 } });
  const { body } = await call<{ jobs: Job[] }>(`/api/training?characterId=${ada.id}&status=queued,running&limit=5`);
  expect(body.jobs.map((job) => job.id)).toEqual([present.body.id]);
  expect((await call<{ jobs: Job[] }>("/api/training?status=completed")).body.jobs).toEqual([]);
  expect((await call("/api/training?status=asleep")).status).toBe(422);
});

test("every guard of a training refuses with its own reason", async () => {
  const ada = rig.character("Ada");
  const few = rig.character("Few", 2);
  const codes = async (body: unknown) => {
    const { status, body: answer } = await call<Refusal>("/api/training", body);
    return [status, answer.error?.code, answer.error?.fields?.[0]?.path];
  };
  expect(await codes({ characterId: "chr-none", preset: "quick" })).toEqual([404, "not_found", undefined]);
  expect(await codes({ characterId: few.id, preset: "quick" })).toEqual([409, "no_photos", undefined]);
  expect(await codes({ characterId: ada.id, preset: "turbo" })).toEqual([422, "invalid_input", "preset"]);
  expect(await codes({ characterId: ada.id, preset: "quick", values: { steps: 1 } })).toEqual([422, "invalid_input", "values.steps"]);
  expect(await codes({ characterId: ada.id, preset: "quick", values: { dora: true } })).toEqual([400, "not_supported", "values.dora"]);
  expect(await codes({ preset: "quick" })).toEqual([422, "invalid_input", "characterId"]);
  expect(await codes([1])).toEqual([422, "invalid_input", ""]);
  expect((await codes({ characterId: ada.id }))[0]).toBe(201);
  expect(await codes({ characterId: ada.id, preset: "quick" })).toEqual([409, "conflict", undefined]);
  expect(rig.jobs.queue.list({ limit: 10 })).toHaveLength(1);
});

test("Q3: a thousand posts at once with one key make one job; the key with another body is refused", async () => {
  const ada = rig.character("Ada");
  const headers = { "idempotency-key": "key-1" };
  const answers = await Promise.all(Array.from({ length: 1000 }, () => call<Job>("/api/training", { characterId: ada.id, preset: "quick" }, headers)));
  expect(new Set(answers.map((answer) => `${answer.status} ${JSON.stringify(answer.body)}`)).size).toBe(1);
  expect(answers[0]!.status).toBe(201);
  expect(rig.jobs.queue.list({ limit: 10 })).toHaveLength(1);
  const other = await call<Refusal>("/api/training", { characterId: ada.id, preset: "balanced" }, headers);
  expect([other.status, other.body.error.code]).toEqual([409, "conflict"]);
  expect((await call("/api/training", { characterId: ada.id, preset: "quick" }, { "idempotency-key": "x".repeat(200) })).status).toBe(422);
});

test("cancelling answers with the job, and refuses once it has ended", async () => {
  const { body: job } = await call<Job>("/api/generation", { prompt: "a garden", count: 2, aspect_ratio: "3:2" });
  expect(job).toMatchObject({ kind: "generation", title: "2 pictures" });
  expect((await call("/api/training/" + job.id)).status).toBe(404);
  expect((await call<Job>(`/api/generation/${job.id}/cancel`, {})).body.state).toBe("cancelled");
  const again = await call<Refusal>(`/api/generation/${job.id}/cancel`, {});
  expect([again.status, again.body.error.code]).toEqual([409, "job_finished"]);
  expect((await call<{ jobs: Job[] }>("/api/jobs")).body.jobs).toEqual([]);
  expect((await call<{ jobs: Job[] }>("/api/jobs?state=all")).body.jobs).toHaveLength(1);
  const { body } = await call<{ events: Array<{ to: string }> }>(`/api/jobs/${job.id}/events`);
  expect(body.events.map((event) => event.to)).toEqual(["queued", "cancelled"]);
});

test("artifacts are listed, counted and sent in ranges; metrics and presets are there", async () => {
  rig.trainer.work = async (_job, host) => {
    mkdirSync(host.attemptDir, { recursive: true });
    writeFileSync(join(host.attemptDir, "sample.txt"), "0123456789");
    const found = { kind: "sample" as const, name: "samples/sample.txt", path: join(host.attemptDir, "sample.txt"), step: 100, promptIndex: 0 };
    host.artifact(found);
    host.artifact(found);
    host.metrics("loss/loss", [[1, 0.5], [2, 0.25]]);
    return succeed(host);
  };
  rig.start();
  const { id } = rig.train(rig.character().id);
  await rig.until(id, "succeeded");
  const { body } = await call<{ artifacts: Array<{ url: string; step: number }> }>(`/api/jobs/${id}/artifacts`);
  expect(body.artifacts).toHaveLength(1);
  const part = await fetch(server.base + body.artifacts[0]!.url, { headers: { range: "bytes=2-4" } });
  expect([part.status, await part.text(), part.headers.get("x-content-type-options")]).toEqual([206, "234", "nosniff"]);
  expect((await fetch(`${server.base}/api/jobs/${id}/artifacts/art-none`)).status).toBe(404);
  expect((await call(`/api/jobs/${id}/summary`)).body).toMatchObject({ job: { state: "succeeded" }, artifacts: { sample: 1 } });
  expect((await call(`/api/training/${id}/metrics`)).body).toEqual({ series: [{ key: "loss/loss", points: [[1, 0.5], [2, 0.25]] }] });
  const { characterId } = rig.jobs.store.get(id)!;
  expect((await call<{ presets: Array<{ values: unknown }> }>(`/api/training/presets?characterId=${characterId}`)).body.presets[0]!.values).toEqual({ steps: 200 });
});

test("video answers in words that it is not there yet", async () => {
  const { status, body } = await call<Refusal>("/api/video", {});
  expect([status, body.error.code, body.error.what]).toEqual([501, "not_implemented", "Isengard cannot make videos yet."]);
});

interface Message { readonly event: string; readonly id: string; readonly data: { status: string; currentStep: number } }

function parse(text: string): Message[] {
  return text.split("\n\n").filter((block) => block.startsWith("event:")).map((block) => {
    const field = (name: string) => block.split("\n").find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? "";
    return { event: field("event"), id: field("id"), data: JSON.parse(field("data")) as Message["data"] };
  });
}

/** Reads until `enough`, then hangs up like a tunnel that drops. */
async function listen(id: string, enough: (messages: Message[]) => boolean, lastId?: string): Promise<{ status: number; messages: Message[]; ended: boolean }> {
  const stop = new AbortController();
  const answer = await fetch(`${server.base}/api/training/${id}/stream`, { signal: stop.signal, headers: lastId ? { "last-event-id": lastId } : {} });
  if (answer.body === null || answer.status !== 200) return { status: answer.status, messages: [], ended: true };
  expect(answer.headers.get("content-type")).toStartWith("text/event-stream");
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return { status: 200, messages: parse(text), ended: true };
    text += decoder.decode(value, { stream: true });
    if (enough(parse(text))) break;
  }
  stop.abort();
  return { status: 200, messages: parse(text), ended: false };
}

test("the stream begins with the present state, tells every change once across drops, and ends with the job", async () => {
  let step = 0;
  const end = Promise.withResolvers<void>();
  rig.trainer.work = async (_job, host) => {
    const timer = setInterval(() => {
      host.progress({ stages: [], step: ++step, totalSteps: 1000, fraction: step / 1000, speed: "", loss: null, learningRate: null, message: "" });
    }, 20);
    await Promise.race([end.promise, untilStopped(host)]);
    clearInterval(timer);
    return succeed(host);
  };
  const { id } = rig.train(rig.character().id);
  const first = await listen(id, (messages) => messages.length >= 1);
  expect(first.messages.map((message) => [message.event, message.data.status])).toEqual([["progress", "queued"]]);
  rig.start();
  await rig.until(id, "running");
  const all: Message[] = [...first.messages];
  for (let drop = 0; drop < 3; drop++) {
    const more = await listen(id, (messages) => messages.filter((message) => message.data.status === "running").length >= 2, all.at(-1)!.id);
    all.push(...more.messages);
  }
  const last = listen(id, () => false, all.at(-1)!.id);
  await waitFor("some steps were made", () => step > 50);
  end.resolve();
  const { messages, ended } = await last;
  all.push(...messages);
  expect(ended).toBe(true);
  expect(new Set(all.map((message) => message.id)).size).toBe(all.length);
  const changes = all.filter((message, index) => message.data.status !== all[index - 1]?.data.status).map((message) => message.data.status);
  expect(changes).toEqual(["queued", "claimed", "starting", "running", "succeeded"]);
  const steps = all.slice(4).map((message) => message.data.currentStep);
  expect(steps).toEqual(steps.toSorted((a, b) => a - b));
  expect(all.at(-1)!.event).toBe("complete");
  expect((await listen(id, () => false, all.at(-1)!.id)).status).toBe(204);
  expect((await listen(id, () => false)).messages.map((message) => message.event)).toEqual(["complete"]);
});
