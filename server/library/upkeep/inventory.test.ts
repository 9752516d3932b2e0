import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { newId } from "../../base/ids.ts";
import { openLibrary, plantJob, type TestLibrary } from "../../testing/library.ts";
import { drawLora } from "../../testing/lora-file.ts";
import { drawPicture } from "../../testing/pictures.ts";
import { inventoryChecks } from "./inventory-watch.ts";
import { takeInventory } from "./inventory.ts";

let library: TestLibrary;
let characterId: string;
beforeEach(async () => {
  library = openLibrary();
  characterId = library.characters.create({ name: "Ada", triggerWord: "adax7" }).id;
  const file = join(library.paths.uploads, "a.png");
  const bytes = await drawPicture({ width: 90, height: 90, seed: 1, format: "png" });
  await Bun.write(file, bytes);
  await library.photos.add(characterId, "a.png", file);
  rmSync(file);
  const jobId = plantJob(library, { kind: "training", characterId, finished: true });
  const sourceFile = join(library.paths.jobs, jobId, "l.safetensors");
  await Bun.write(sourceFile, drawLora("x"));
  await library.loras.publish({ characterId, jobId, sourceFile, steps: 1, rank: 4, baseModel: "m", triggerWord: "adax7" });
  const settings = {
    v: 1 as const, job: jobId, prompt: "p", model: "m", loras: [], seed: 1, steps: 4, guidance: null, width: 90, height: 90, sampler: "euler",
    scheduler: "simple", backend: "test",
  };
  await library.outputs.store({ jobId, index: 0, characterId, bytes, settings });
});
afterEach(() => library.close());

const look = (aliveSince: number | null = Date.now()) => takeInventory({ ...library, aliveSince });

function plant(path: string, from: "before" | "now" = "before"): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "x");
  if (from === "before") utimesSync(path, 1000, 1000);
  return path;
}

test("where files and rows fit, there is nothing to say", async () => {
  const inventory = await look();
  expect(inventory).toEqual({ filesWithoutRow: { count: 0, names: [] }, rowsWithoutFile: { count: 0, names: [] }, leftovers: { count: 0, names: [] }, links: { count: 0, names: [] } });
  expect(inventoryChecks(inventory, "now")).toEqual([]);
});

test("finished files that no row knows are named and left alone: a restored backup may be older than they are", async () => {
  const { paths } = library;
  const unknown = [
    join(paths.photos, characterId, `${newId("pho")}.jpg`), join(paths.photos, newId("chr"), "holiday.jpg"), join(paths.photos, "stray.jpg"), join(paths.outputs, `${newId("out")}.png`),
    join(paths.loras, "someone.safetensors"), join(paths.jobs, newId("job"), "config.json"), join(paths.jobLogs, `${newId("job")}.jsonl`),
  ].map((path) => plant(path));
  const inventory = await look();
  expect(inventory.filesWithoutRow.count).toBe(unknown.length);
  expect(unknown.every((path) => existsSync(path))).toBe(true);
  const [check] = inventoryChecks(inventory, "now", 2);
  expect(check!.detail).toStartWith("7 files in the data folder are not known to the database: data/");
  expect(check!.detail).toEndWith(" and 5 more.");
});

test("what a dead server had begun is removed, and what is begun now is not", async () => {
  const { paths } = library;
  const begun = (from: "before" | "now") => [
    join(paths.photos, characterId, `${newId("pho")}.jpg.part`), join(paths.thumbnails, `${newId("pho")}.webp`), join(paths.thumbnails, `${newId("out")}.webp.part`),
    join(paths.loras, `adax7-v${from === "now" ? 8 : 9}-abc123.safetensors.part`), join(paths.backups, `2026-${from}.state.db.part`), join(paths.backups, `2026-${from}.state.db.part-journal`),
  ].map((path) => plant(path, from));
  const old = begun("before");
  const fresh = begun("now");
  expect((await look(null)).leftovers.count).toBe(old.length + fresh.length);
  expect((await look(100_000_000)).leftovers.count).toBe(old.length);
  expect([old.some((path) => existsSync(path)), fresh.every((path) => existsSync(path))]).toEqual([false, true]);
  expect((await look(100_000_000)).filesWithoutRow.count).toBe(0);
});

test("a photo, a LoRA and a picture whose file is gone are named, and the LoRA is marked", async () => {
  const { paths } = library;
  for (const folder of [join(paths.photos, characterId), paths.loras, paths.outputs]) for (const name of readdirSync(folder)) rmSync(join(folder, name));
  const { rowsWithoutFile } = await look();
  expect(rowsWithoutFile.count).toBe(3);
  expect(rowsWithoutFile.names.join("\n")).toMatch(/photo pho-\w+ of Ada\nLoRA Ada v1 \(adax7-v1-\w+\.safetensors\)\npicture out-\w+/);
  expect(library.loras.list()).toMatchObject([{ name: "Ada v1", missing: true }]);
});

test("a folder of ours that is a link is said", async () => {
  renameSync(library.paths.outputs, `${library.paths.root}/away`);
  symlinkSync(`${library.paths.root}/away`, library.paths.outputs);
  expect(inventoryChecks(await look(), "now")).toMatchObject([{ id: "linked-folders", detail: "data/outputs is a link, and Isengard writes through none." }]);
});

test("what is deleted and waits for its end is no fault", async () => {
  library.characters.remove(characterId);
  expect(inventoryChecks(await look(), "now")).toEqual([]);
});
