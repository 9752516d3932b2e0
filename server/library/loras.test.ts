import { afterEach, beforeEach, expect, test } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { openLibrary, plantJob, type TestLibrary } from "../testing/library.ts";
import { drawLora } from "../testing/lora-file.ts";

let library: TestLibrary;
let characterId: string;
beforeEach(() => {
  library = openLibrary();
  characterId = library.characters.create({ name: "Ada", triggerWord: "Adax7" }).id;
});
afterEach(() => library.close());

async function publish(mark: string, jobId = plantJob(library, { kind: "training", characterId, finished: true })) {
  const sourceFile = join(library.paths.jobs, `${mark}.safetensors`);
  await Bun.write(sourceFile, drawLora(mark));
  return library.loras.publish({ characterId, jobId, sourceFile, steps: 500, rank: 16, baseModel: "flux1-dev", triggerWord: "Adax7" });
}

test("a LoRA is a copy under a readable, unique name that the image tool may read", async () => {
  const lora = await publish("one");
  expect(lora).toMatchObject({ characterName: "Ada", version: 1, name: "Ada v1", steps: 500, rank: 16, triggerWord: "Adax7" });
  expect(library.loras.fileNameOf(lora)).toMatch(/^adax7-v1-[0-9a-z]{6}\.safetensors$/);
  expect(await Bun.file(library.loras.pathOf(lora)).bytes()).toEqual(new Uint8Array(drawLora("one")));
  expect(statSync(library.loras.pathOf(lora)).mode & 0o777).toBe(0o644);
  expect(lora.sha256).toBe(new Bun.CryptoHasher("sha256").update(drawLora("one")).digest("hex"));
  expect(library.events.slice(-2)).toEqual([
    { type: "lora.added", lora },
    { type: "character.changed", character: expect.objectContaining({ loraCount: 1, latestLoraId: lora.id }) },
  ]);
});

test("a LoRA says how many photos its training had, and nothing where that is not known", async () => {
  const jobId = plantJob(library, { kind: "training", characterId, finished: true });
  library.db.query("update job set frozen = ? where id = ?").run(JSON.stringify({ v: 1, job: { photos: [{}, {}, {}] } }), jobId);
  expect((await publish("one", jobId)).photoCount).toBe(3);
  for (const frozen of ["{}", "not JSON"]) {
    library.db.query("update job set frozen = ? where id = ?").run(frozen, jobId);
    expect(library.loras.list(characterId)[0]!.photoCount).toBeNull();
  }
});

test("each training gets the next version, also at the same moment and after deleting", async () => {
  const [first, second] = await Promise.all([publish("one"), publish("two")]);
  expect([first!.version, second!.version]).toEqual([1, 2]);
  library.loras.remove(second!.id);
  await library.erase();
  expect(library.loras.get(second!.id)).toBeNull();
  expect((await publish("three")).version).toBe(3);
  expect(library.loras.list(characterId).map(({ version }) => version)).toEqual([3, 1]);
  expect(readdirSync(library.paths.loras)).toHaveLength(2);
  expect(await Bun.file(library.loras.pathOf(first!)).bytes()).toEqual(new Uint8Array(drawLora("one")));
});

test("publishing again for the same job gives the same LoRA and no second file", async () => {
  const jobId = plantJob(library, { kind: "training", characterId, finished: true });
  const first = await publish("one", jobId);
  const told = library.events.length;
  expect(await publish("other", jobId)).toEqual(first);
  expect(library.events.length).toBe(told);
  expect(readdirSync(library.paths.loras)).toHaveLength(1);
});

test("a file that is not whole is refused with the reason, and the next publish still works", async () => {
  const sourceFile = join(library.paths.jobs, "cut.safetensors");
  await Bun.write(sourceFile, drawLora("one").subarray(0, 150));
  const jobId = plantJob(library, { kind: "training", characterId, finished: true });
  const attempt = library.loras.publish({ characterId, jobId, sourceFile, steps: 1, rank: null, baseModel: "m", triggerWord: "Adax7" });
  await expect(attempt).rejects.toMatchObject({ code: "conflict", why: expect.stringContaining("header") });
  expect(readdirSync(library.paths.loras)).toEqual([]);
  expect((await publish("whole", jobId)).version).toBe(1);
});

test("a file with values that are no numbers, or with only zeros, is not published", async () => {
  for (const [mark, why] of [["\u00ff", "no numbers"], ["\0", "only zeros"]] as const) {
    const sourceFile = join(library.paths.jobs, "bad.safetensors");
    await Bun.write(sourceFile, drawLora(mark));
    const jobId = plantJob(library, { kind: "training", characterId, finished: true });
    const attempt = library.loras.publish({ characterId, jobId, sourceFile, steps: 1, rank: null, baseModel: "m", triggerWord: "Adax7" });
    await expect(attempt).rejects.toMatchObject({ code: "conflict", why: expect.stringContaining(why), fix: expect.stringContaining("Train again") });
  }
  expect(readdirSync(library.paths.loras)).toEqual([]);
});

test("F70: a LoRA that a waiting job names cannot be deleted", async () => {
  const lora = await publish("one");
  const jobId = plantJob(library, { kind: "generation", request: { loras: [{ id: lora.id, strength: 0.9 }] } });
  expect(() => library.loras.remove(lora.id)).toThrow("cannot be deleted now");
  library.db.query("update job set finished_at = 'now' where id = ?").run(jobId);
  library.loras.remove(lora.id);
  await library.erase();
  expect(readdirSync(library.paths.loras)).toEqual([]);
});
