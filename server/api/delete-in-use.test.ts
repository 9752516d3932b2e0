import { afterEach, beforeEach, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Elysia } from "elysia";
import type { Job } from "../contract/job.ts";
import type { Lora } from "../contract/lora.ts";
import { untilStopped } from "../jobs/testing/fake-backends.ts";
import { openRig, type Rig } from "../jobs/testing/rig.ts";
import { createLog } from "../base/log.ts";
import { plantJob } from "../testing/library.ts";
import { drawLora } from "../testing/lora-file.ts";
import { drawPicture } from "../testing/pictures.ts";
import { charactersApi } from "./characters.ts";
import { generationApi } from "./generation.ts";
import { lorasApi } from "./loras.ts";
import { onError } from "./gate/on-error.ts";
import { photosApi } from "./photos.ts";
import { jobActionsApi } from "./queue.ts";
import { trainingApi } from "./training.ts";
import { uploadsApi } from "./uploads.ts";

let rig: Rig;
let server: { stop(): unknown; base: string };
const problems: string[] = [];
beforeEach(() => {
  rig = openRig();
  problems.length = 0;
  const { queue, actions, admission } = rig.jobs;
  const deps = { queue, actions, admission, bus: rig.bus, metrics: rig.metrics, artifacts: rig.artifacts };
  const app = new Elysia({ serve: { idleTimeout: 0 } })
    .use(onError(createLog({ write: (line) => problems.push(line) }, "warn")))
    .use(trainingApi(deps)).use(generationApi(deps)).use(jobActionsApi(deps)).use(lorasApi(rig)).use(charactersApi(rig))
    .use(photosApi(rig)).use(uploadsApi(rig))
    .listen({ port: 0, hostname: "127.0.0.1" });
  server = { stop: () => app.stop(true), base: `http://127.0.0.1:${app.server!.port}` };
});
afterEach(async () => {
  await server.stop();
  await rig.close();
});

async function call<T = unknown>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }> {
  const answer = await fetch(`${server.base}${path}`, { method, ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }) });
  const text = await answer.text();
  return { status: answer.status, body: (text === "" ? null : JSON.parse(text)) as T };
}

async function publishLora(characterId: string, mark: string): Promise<Lora> {
  const sourceFile = join(rig.paths.jobs, `${mark}.safetensors`);
  await Bun.write(sourceFile, drawLora(mark));
  const jobId = plantJob(rig, { kind: "training", characterId, finished: true });
  return rig.loras.publish({ characterId, jobId, sourceFile, steps: 500, rank: 16, baseModel: "flux1-dev", triggerWord: "adax7" });
}

/** Each row has its file, and each file its row. */
async function expectNothingDangles(): Promise<void> {
  await rig.erase();
  const files = readdirSync(rig.paths.loras).toSorted();
  const rows = rig.db.query<{ name: string }, []>("select file_name as name from lora where deleted_at is null").all().map(({ name }) => name);
  expect(files).toEqual(rows.toSorted());
}

test("F70: when a LoRA is deleted and asked for at the same moment, exactly one of both is granted", async () => {
  const ada = rig.character("Ada");
  for (let round = 0; round < 15; round++) {
    const lora = await publishLora(ada.id, `r${round}`);
    const ask = () => call<Job>("POST", "/api/generation", { prompt: "x", loras: [{ id: lora.id, strength: 0.9 }] });
    const remove = () => call("DELETE", `/api/loras/${lora.id}`);
    const [asked, removed] = round % 2 === 0 ? await Promise.all([ask(), remove()]) : (await Promise.all([remove(), ask()])).toReversed() as [Awaited<ReturnType<typeof ask>>, Awaited<ReturnType<typeof remove>>];
    expect([[201, 409], [404, 204]]).toContainEqual([asked.status, removed.status]);
    await expectNothingDangles();
  }
  expect(problems).toEqual([]);
});

test("F70: when a person is deleted and trained at the same moment, exactly one of both is granted", async () => {
  for (let round = 0; round < 15; round++) {
    const { id } = rig.character(`P${round}`);
    const train = () => call<Job>("POST", "/api/training", { characterId: id, preset: "quick" });
    const remove = () => call("DELETE", `/api/characters/${id}`);
    const [trained, removed] = round % 2 === 0 ? await Promise.all([train(), remove()]) : (await Promise.all([remove(), train()])).toReversed() as [Awaited<ReturnType<typeof train>>, Awaited<ReturnType<typeof remove>>];
    expect([[201, 409], [404, 204]]).toContainEqual([trained.status, removed.status]);
  }
  expect(problems).toEqual([]);
});

test("F70: what a running job uses is refused with the reason, and can be deleted once it has ended", async () => {
  const ada = rig.character("Ada");
  const lora = await publishLora(ada.id, "one");
  rig.painter.work = async (_job, host) => { await untilStopped(host); return { kind: "stopped" }; };
  rig.start();
  const { body: job } = await call<Job>("POST", "/api/generation", { prompt: "x", loras: [{ id: lora.id, strength: 0.9 }] });
  await rig.until(job.id, "starting");
  for (const path of [`/api/loras/${lora.id}`, `/api/jobs/${job.id}`]) {
    const { status, body } = await call<{ error: { why: string; fix: string } }>("DELETE", path);
    expect([status, body.error.why.length > 10, body.error.fix.length > 10]).toEqual([409, true, true]);
  }
  expect(rig.state(job.id)).toBe("starting");
  await call("POST", `/api/generation/${job.id}/cancel`);
  await rig.until(job.id, "cancelled");
  expect((await call("DELETE", `/api/loras/${lora.id}`)).status).toBe(204);
  expect((await call("DELETE", `/api/jobs/${job.id}`)).status).toBe(204);
  await expectNothingDangles();
  expect(problems).toEqual([]);
});

test("F70: a photo that is still on its way when its person is deleted is told so, and leaves no file", async () => {
  const { id } = rig.character("Ada", 0);
  const bytes = await drawPicture({ width: 90, height: 80, seed: 3, format: "png" });
  const tus = (method: string, path: string, headers: Record<string, string>, body?: Uint8Array) =>
    fetch(`${server.base}${path}`, { method, headers: { "tus-resumable": "1.0.0", ...headers }, ...(body ? { body: Uint8Array.from(body) } : {}) });
  const begun = await tus("POST", "/api/uploads", { "upload-length": String(bytes.length), "upload-metadata": `filename ${btoa("a.png")},characterId ${btoa(id)}` });
  const path = begun.headers.get("location")!;
  const chunk = (at: number, to: number) => tus("PATCH", path, { "upload-offset": String(at), "content-type": "application/offset+octet-stream" }, bytes.subarray(at, to));
  expect((await chunk(0, 100)).status).toBe(204);
  expect((await call("DELETE", `/api/characters/${id}`)).status).toBe(204);
  expect((await chunk(100, bytes.length)).status).toBe(404);
  expect((await tus("HEAD", path, {})).status).toBe(404);
  expect(readdirSync(rig.paths.uploads)).toEqual([]);
  expect(readdirSync(rig.paths.photos, { recursive: true }).filter((name) => String(name).includes("."))).toEqual([]);
  expect(problems).toEqual([]);
});
