import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Character } from "../../contract/character.ts";
import { drawPicture } from "../../testing/pictures.ts";
import { openRig, succeed, type Rig } from "../testing/rig.ts";

let rig: Rig;
beforeEach(() => { rig = openRig(); });
afterEach(() => rig.close());

/** Every file below the root, the databases and their journals too, that holds the word. */
function filesWith(word: string): string[] {
  const { root } = rig.paths;
  const files = readdirSync(root, { recursive: true }).map(String).filter((name) => statSync(join(root, name)).isFile());
  return files.filter((name) => readFileSync(join(root, name)).includes(word) || name.includes(word));
}

/** Photos with captions, a training with its LoRA, pictures, an upload on its way. */
async function livePerson(name: string): Promise<{ person: Character; jobs: string[]; lora: string }> {
  const person = rig.character(name);
  const photo = rig.photos.list(person.id)[0]!;
  rig.photos.setCaption(person.id, photo.id, `caption-${name} by the sea`);
  const training = rig.train(person.id);
  await rig.until(training.id, "succeeded");
  const [lora] = rig.jobs.store.get(training.id)!.results;
  const pictures = rig.jobs.queue.submitGeneration({ prompt: `prompt-${name}`, loras: [{ id: lora!, strength: 1 }] }, { correlationId: "cor", idempotencyKey: null });
  await rig.until(pictures.id, "succeeded");
  const upload = await rig.uploads.create({ characterId: person.id, fileName: `${name}.png`, sizeBytes: 10 });
  writeFileSync(join(rig.paths.uploads, `${upload.id}.0`), name);
  return { person, jobs: [training.id, pictures.id], lora: lora! };
}

beforeEach(async () => {
  const bytes = await drawPicture({ width: 64, height: 64, seed: 1, format: "png" });
  rig.trainer.work = async (_job, host) => {
    host.log("info", "test.line", "trained");
    const outcome = succeed(host);
    host.artifact({ kind: "lora", name: "ada.safetensors", path: outcome.loraFile, step: null, promptIndex: null });
    return outcome;
  };
  rig.painter.work = async (job, host) => {
    await host.output(0, bytes, {
      v: 1, job: host.jobId, prompt: job.prompt, model: "m", loras: [], seed: 1, steps: 1, guidance: null, width: 64, height: 64,
      sampler: "euler", scheduler: "simple", backend: "test",
    });
    return { kind: "succeeded" };
  };
  rig.start();
});

test("a deleted person is not in any file or row any more once the keep time is over, and others are untouched", async () => {
  const gone = await livePerson("Zerlina");
  const stays = await livePerson("Bettina");
  const files = filesWith("Bettina").length;
  rig.characters.remove(gone.person.id);
  expect([rig.photos.list(gone.person.id), rig.loras.get(gone.lora), rig.outputs.list({ limit: 9, characterId: gone.person.id }).outputs]).toEqual([[], null, []]);
  await rig.erase();
  expect(filesWith("Zerlina")).toEqual([]);
  expect(filesWith("zerlina")).toEqual([]);
  for (const id of [gone.person.id, ...gone.jobs]) expect(filesWith(id)).toEqual([]);
  expect(filesWith("Bettina")).toHaveLength(files);
  expect(rig.characters.get(stays.person.id)).toMatchObject({ photoCount: 4, loraCount: 1, pictureCount: 1 });
  expect(existsSync(rig.loras.pathOf(rig.loras.get(stays.lora)!))).toBe(true);
});

test("what is brought back within the keep time is all there, and what is erased cannot be brought back", async () => {
  const { person, lora } = await livePerson("Zerlina");
  const before = rig.characters.get(person.id)!;
  const [photo] = rig.photos.list(person.id);
  const [picture] = rig.outputs.list({ limit: 1 }).outputs;
  rig.photos.remove(person.id, photo!.id);
  rig.loras.remove(lora);
  rig.outputs.remove(picture!.id);
  rig.characters.remove(person.id);
  rig.characters.restore(person.id);
  expect(rig.photos.restore(person.id, photo!.id)).toEqual(photo!);
  expect(rig.loras.restore(lora).id).toBe(lora);
  expect(rig.outputs.restore(picture!.id)).toEqual(picture!);
  await rig.erase();
  expect(rig.characters.get(person.id)).toEqual(before);
  rig.loras.remove(lora);
  await rig.erase();
  expect(() => rig.loras.restore(lora)).toThrow("no LoRA");
  expect(filesWith("safetensors").filter((name) => name.endsWith(".safetensors"))).toEqual([]);
});

test("a person with a job that was begun again is not erased under it, but after it", async () => {
  const { person, jobs } = await livePerson("Zerlina");
  rig.characters.remove(person.id);
  rig.db.query("update job set state = 'queued', finished_at = null where id = ?").run(jobs[1]!);
  await rig.erase();
  expect(filesWith("Zerlina")).not.toEqual([]);
  rig.db.query("update job set state = 'cancelled', finished_at = 'now' where id = ?").run(jobs[1]!);
  await rig.erase();
  expect(filesWith("Zerlina")).toEqual([]);
});

test("erasing does not follow a link that was put in the place of a folder", async () => {
  const person = rig.character("Zerlina");
  const elsewhere = join(rig.paths.root, "elsewhere");
  const [photo] = rig.photos.originals(person.id);
  const folder = join(rig.paths.photos, person.id);
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, photo!.path.split("/").at(-1)!), "not ours");
  await Bun.$`mv ${folder} ${folder}.moved && ln -s ${elsewhere} ${folder}`.quiet();
  rig.photos.remove(person.id, photo!.id);
  await rig.erase();
  expect(readdirSync(elsewhere)).toHaveLength(1);
});

test("the folder of a training whose server died before the job had its row is removed by the next", async () => {
  const person = rig.character("Zerlina");
  const told: number[] = [];
  const { insert } = rig.jobs.store;
  rig.jobs.store.insert = () => { told.push(rig.db.query("select 1 from erasure where held_by is not null").all().length); throw new Error("killed here"); };
  expect(() => rig.train(person.id)).toThrow("killed here");
  rig.jobs.store.insert = insert.bind(rig.jobs.store);
  expect([told, readdirSync(rig.paths.jobs), rig.db.query("select 1 from erasure").all()]).toEqual([[1], [], []]);
  const { id } = rig.train(person.id);
  expect(rig.db.query("select 1 from erasure").all()).toEqual([]);
  await rig.until(id, "succeeded");
});
