import { afterEach, beforeEach, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import type { OutputSettings } from "../contract/output.ts";
import { openLibrary, plantJob, type TestLibrary } from "../testing/library.ts";
import { drawPicture } from "../testing/pictures.ts";
import { pngTexts } from "../pictures/png-text.ts";
import { pngChunk } from "../pictures/strip-png.ts";

let library: TestLibrary;
beforeEach(() => { library = openLibrary(); });
afterEach(() => library.close());

function settingsOf(job: string, prompt = "adalov7 by the sea"): OutputSettings {
  return {
    v: 1, job, prompt, model: "flux1-dev", loras: [{ id: "lor-1", name: "Ada v1", strength: 0.9 }], seed: 9007199254740991, steps: 20,
    guidance: 3.5, width: 96, height: 64, sampler: "euler", scheduler: "simple", backend: "comfyui",
  };
}

async function store(jobId: string, index: number, characterId: string | null = null, prompt?: string) {
  const bytes = await drawPicture({ width: 96, height: 64, seed: index, format: "png" });
  return library.outputs.store({ jobId, index, characterId, bytes, settings: settingsOf(jobId, prompt) });
}

test("a picture carries its settings in the file, once and readable for every program", async () => {
  const jobId = plantJob(library, { kind: "generation" });
  const prompt = "Ädä 日本 🙂 \"quoted\" \u0007";
  const plain = await drawPicture({ width: 96, height: 64, seed: 1, format: "png" });
  const bytes = Buffer.concat([plain.subarray(0, 33), pngChunk("tEXt", Buffer.from("isengard\0old")), pngChunk("tEXt", Buffer.from("prompt\0{}")), plain.subarray(33)]);
  const output = await library.outputs.store({ jobId, index: 0, characterId: null, bytes, settings: settingsOf(jobId, prompt) });
  expect(output).toMatchObject({ jobId, index: 0, width: 96, height: 64, settings: settingsOf(jobId, prompt), url: `/api/outputs/${output.id}/file` });
  const texts = await pngTexts(await library.outputs.file(output)!.bytes());
  expect(texts.map(({ key }) => key)).toEqual(["isengard", "prompt"]);
  expect(texts[0]!.text).toMatch(/^[\x20-\x7e]*$/);
  expect(JSON.parse(texts[0]!.text)).toEqual(settingsOf(jobId, prompt));
  expect(await new Bun.Image(await library.outputs.file(output)!.bytes()).metadata()).toMatchObject({ width: 96, height: 64 });
  expect(library.events).toEqual([{ type: "output.added", output }]);
});

test("storing an index twice keeps the first, also at the same moment and after deleting", async () => {
  const jobId = plantJob(library, { kind: "generation" });
  const [first, second] = await Promise.all([store(jobId, 0), store(jobId, 0)]);
  expect(second).toEqual(first!);
  expect(readdirSync(library.paths.outputs)).toEqual([`${first!.id}.png`]);
  expect(library.events).toHaveLength(1);
  library.outputs.remove(first!.id);
  await library.erase();
  expect(library.outputs.has(jobId, 0)).toBe(true);
  expect(library.outputs.has(jobId, 1)).toBe(false);
  await store(jobId, 0);
  expect(readdirSync(library.paths.outputs)).toEqual([]);
  expect(library.outputs.list({ limit: 10 })).toEqual({ outputs: [], next: null });
  expect(library.events.at(-1)).toEqual({ type: "output.removed", outputId: first!.id });
});

test("pages go from the newest to the oldest without a gap, also when new pictures come in between", async () => {
  const characterId = library.characters.create({ name: "Ada" }).id;
  const jobId = plantJob(library, { kind: "generation" });
  const other = plantJob(library, { kind: "generation" });
  for (let index = 0; index < 5; index++) await store(jobId, index, characterId);
  const first = library.outputs.list({ limit: 2 });
  await store(other, 0);
  const second = library.outputs.list({ limit: 2, before: first.next! });
  const third = library.outputs.list({ limit: 2, before: second.next! });
  expect([...first.outputs, ...second.outputs, ...third.outputs].map(({ index }) => index)).toEqual([4, 3, 2, 1, 0]);
  expect(third.next).toBeNull();
  expect(library.outputs.list({ limit: 10, characterId }).outputs).toHaveLength(5);
  expect(library.outputs.list({ limit: 10, jobId: other }).outputs).toHaveLength(1);
  expect(library.outputs.list({ limit: 10, jobId: "' or 1=1" }).outputs).toEqual([]);
});

test("a thumbnail is made at the first look", async () => {
  const output = await store(plantJob(library, { kind: "generation" }), 0);
  expect(readdirSync(library.paths.thumbnails)).toEqual([]);
  expect(await new Bun.Image(await (await library.outputs.thumbnail(output))!.bytes()).metadata()).toEqual({ width: 96, height: 64, format: "webp" });
  expect(readdirSync(library.paths.thumbnails)).toEqual([`${output.id}.webp`]);
});

test("bytes that are no PNG are not stored", async () => {
  const jobId = plantJob(library, { kind: "generation" });
  const attempt = library.outputs.store({ jobId, index: 0, characterId: null, bytes: new Uint8Array(50), settings: settingsOf(jobId) });
  await expect(attempt).rejects.toThrow("not a PNG");
  expect(library.outputs.has(jobId, 0)).toBe(false);
});
