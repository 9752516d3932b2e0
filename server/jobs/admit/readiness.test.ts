import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Check, Mode } from "../../contract/system.ts";
import { AppError } from "../../base/errors.ts";
import { Admission } from "../queue/admission.ts";
import type { CheckKeeper, ToolChecks } from "../../base/tool-checks.ts";
import { Readiness, type ReadinessParts } from "./readiness.ts";
import { openRig, type Rig } from "../testing/rig.ts";

let rig: Rig;
beforeEach(() => void (rig = openRig()));
afterEach(() => rig.close());

const missing: Check = { id: "ai-toolkit", label: "AI-Toolkit", state: "error", detail: "Its folder is not set.", fix: "Set it.", checkedAt: "now" };
const context = (key: string | null = null) => ({ correlationId: "c", idempotencyKey: key });

/** Tools whose state a test changes; `looks` counts how often they were really looked at. */
class Tools implements CheckKeeper {
  looks = 0;
  kept: ToolChecks | null = null;
  constructor(public present: ToolChecks = { training: [], image: [] }) {}
  known = () => this.kept;
  recent = async () => this.kept ?? this.fresh();
  async fresh() {
    this.looks++;
    return (this.kept = this.present);
  }
}

function door(tools: Tools, change: Partial<ReadinessParts> = {}, mode: Mode = "production") {
  rig.backends.choose([{ training: rig.trainer, image: rig.painter }], mode);
  const readiness = new Readiness({
    backends: rig.backends, checks: tools, gpu: rig.gpu, lanes: rig.jobs.lanes, library: { lora: () => null }, dataDir: "/data", useProcessor: false,
    picturesElsewhere: () => false, ...change,
  });
  return { readiness, admission: new Admission({ queue: rig.jobs.queue, actions: rig.jobs.actions, readiness }) };
}

async function refused(work: Promise<unknown>): Promise<string[]> {
  const error = await work.then(() => null, (thrown: unknown) => thrown);
  if (!(error instanceof AppError)) throw new Error(`It was not refused: ${String(error)}`);
  expect([error.code, error.status]).toEqual(["cannot_run", 409]);
  for (const obstacle of error.obstacles!) for (const sentence of [obstacle.what, obstacle.why, obstacle.fix]) expect(sentence).not.toBe("");
  return error.obstacles!.map(({ code }) => code);
}

const withGpu = () => (rig.gpus = [{ uuid: "GPU-1", index: 0 }]);
const fault = { id: "GPU-1", reason: "It fell off the bus.", since: "", stays: true };

test("each kind is refused for what it needs itself, with every obstacle at once", async () => {
  const tools = new Tools({ training: [missing], image: [{ ...missing, id: "comfyui", label: "ComfyUI" }, { ...missing, id: "comfyui-models", state: "warning" }] });
  const { admission } = door(tools, { dataDir: "/data/[name]" });
  const { id } = rig.character();
  expect(await refused(admission.train({ characterId: id }, context()))).toEqual(["no_gpu", "path_misread", "ai-toolkit"]);
  expect(await refused(admission.paint({ prompt: "a" }, context()))).toEqual(["no_gpu", "comfyui"]);
  const inHome = door(tools, { dataDir: "/data/${HOME}" }).admission;
  expect(await refused(inHome.paint({ prompt: "a" }, context()))).toEqual(["no_gpu", "path_misread", "comfyui"]);
  expect(await refused(door(new Tools(), { dataDir: "/data/[name]" }, "fast-test").admission.train({ characterId: id }, context()))).toEqual(["path_misread"]);
  expect(rig.jobs.store.list({ limit: 10 })).toEqual([]);
});

test("the processor does where the person said so, and a ComfyUI elsewhere needs no GPU here", async () => {
  const { id } = rig.character();
  const elsewhere = door(new Tools(), { picturesElsewhere: () => true }).admission;
  expect(await elsewhere.paint({ prompt: "a" }, context())).toMatchObject({ state: "queued" });
  expect(await refused(elsewhere.train({ characterId: id }, context()))).toEqual(["no_gpu"]);
  const { admission } = door(new Tools(), { useProcessor: true });
  expect(await admission.train({ characterId: id }, context())).toMatchObject({ state: "queued" });
  expect(await door(new Tools(), {}, "fast-test").admission.paint({ prompt: "a" }, context())).toMatchObject({ simulated: true });
});

test("a GPU with a fault refuses, one beside it that is well does not", async () => {
  const { id } = rig.character();
  const { admission } = door(new Tools());
  rig.gpus = [{ uuid: "GPU-1", index: 0, fault }];
  expect(await refused(admission.train({ characterId: id }, context()))).toEqual(["gpu_fault"]);
  rig.gpus = [{ uuid: "GPU-1", index: 0, fault }, { uuid: "GPU-2", index: 1 }];
  expect(await refused(admission.paint({ prompt: "a" }, context()))).toEqual(["gpu_fault"]);
  expect(await admission.train({ characterId: id }, context())).toMatchObject({ state: "queued" });
});

test("a refusal rests on a look that began after the question, an acceptance on what is known", async () => {
  withGpu();
  const { id } = rig.character();
  const tools = new Tools({ training: [missing], image: [] });
  const { admission } = door(tools);
  await refused(admission.train({ characterId: id }, context()));
  tools.present = { training: [], image: [] }; // The person has put it right.
  const before = tools.looks;
  expect(await admission.train({ characterId: id }, context())).toMatchObject({ state: "queued" });
  expect(tools.looks).toBe(before + 1);
  await admission.paint({ prompt: "a" }, context());
  expect(tools.looks).toBe(before + 1);
});

test("what is wrong with the request is told first; a repeat of an accepted one gets its job", async () => {
  withGpu();
  const tools = new Tools();
  const { admission } = door(tools);
  const { id } = rig.character();
  const job = await admission.train({ characterId: id }, context("key-1"));
  tools.kept = tools.present = { training: [missing], image: [missing] };
  expect(await admission.train({ characterId: id }, context("key-1"))).toMatchObject({ id: job.id });
  expect(admission.train({ characterId: "nobody" }, context())).rejects.toMatchObject({ code: "not_found" });
  expect(admission.train({ characterId: id, method: "dora" }, context())).rejects.toMatchObject({ code: "not_supported" });
  expect(admission.paint({ prompt: "a", model: "sdxl" }, context())).rejects.toMatchObject({ code: "invalid_input" });
});

test("queueAnyway is the other way, for each door by itself", async () => {
  withGpu();
  const tools = new Tools({ training: [], image: [missing] });
  const { admission } = door(tools);
  const job = await admission.paint({ prompt: "a", queueAnyway: true }, context());
  expect(job).toMatchObject({ state: "queued", request: { queueAnyway: true } });
  await refused(admission.runNow(job.id, {}));
  await refused(admission.repeat(job.id, context(), {}));
  expect((await admission.repeat(job.id, context(), { queueAnyway: true })).request).toEqual({ prompt: "a", queueAnyway: true });
  expect(await admission.runNow(job.id, { queueAnyway: true })).toMatchObject({ id: job.id });
  rig.jobs.queue.cancel(job.id);
  await refused(admission.retry(job.id, {}));
  expect(await admission.retry(job.id, { queueAnyway: true })).toMatchObject({ id: job.id, state: "queued" });
  expect(admission.retry(job.id, {})).rejects.toMatchObject({ code: "conflict" });
});

test("a LoRA whose file is gone is named", async () => {
  withGpu();
  const path = join(rig.paths.loras, "ada.safetensors");
  const lora = { id: "lor-1", characterId: rig.character().id, name: "Ada v1", triggerWord: "adax7", simulated: false };
  const library = { ...rig.services, lora: () => ({ lora, path, fileName: "ada.safetensors" }) } as never;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "");
  const { readiness } = door(new Tools(), { library });
  const request = { prompt: "a", loras: [{ id: "lor-1", strength: 1 }] };
  await readiness.assertCanRun("generation", request);
  rmSync(path);
  expect(await refused(readiness.assertCanRun("generation", request))).toEqual(["lora_missing"]);
});
