import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { serveLibrary, type LibraryServer } from "../testing/library-server.ts";
import { plantJob } from "../testing/library.ts";
import { drawLora } from "../testing/lora-file.ts";
import { drawPicture } from "../testing/pictures.ts";

let server: LibraryServer;
let characterId: string;
let png: Uint8Array;
let elsewhere: string;
beforeEach(async () => {
  server = serveLibrary();
  characterId = server.characters.create({ name: "Ada" }).id;
  png = await drawPicture({ width: 80, height: 80, seed: 1, format: "png" });
  elsewhere = join(server.paths.root, "elsewhere");
  mkdirSync(elsewhere);
});
afterEach(() => server.close());

async function upload(): Promise<{ status: number; text: string }> {
  const form = new FormData();
  form.append("files", new File([Uint8Array.from(png)], "a.png"));
  const response = await fetch(`${server.origin}/api/characters/${characterId}/images`, { method: "POST", body: form });
  return { status: response.status, text: await response.text() };
}

const resumable = () => fetch(`${server.origin}/api/uploads`, {
  method: "POST", headers: { "tus-resumable": "1.0.0", "upload-length": "10", "upload-metadata": `filename ${btoa("a.png")},characterId ${btoa(characterId)}` },
});

async function picture(): Promise<unknown> {
  const jobId = plantJob(server, { kind: "generation", characterId });
  const settings = {
    v: 1 as const, job: jobId, prompt: "p", model: "m", loras: [], seed: 1, steps: 4, guidance: null, width: 80, height: 80, sampler: "euler",
    scheduler: "simple", backend: "test",
  };
  return server.outputs.store({ jobId, index: 0, characterId, bytes: png, settings });
}

async function lora(): Promise<unknown> {
  const sourceFile = join(server.paths.jobs, "l.safetensors");
  await Bun.write(sourceFile, drawLora("x"));
  const jobId = plantJob(server, { kind: "training", characterId, finished: true });
  return server.loras.publish({ characterId, jobId, sourceFile, steps: 1, rank: 4, baseModel: "m", triggerWord: "adax7" });
}

const refusedByServer = async () => {
  const { status, text } = await upload();
  if (status === 201) return;
  throw Object.assign(new Error(text), { code: status === 409 ? "conflict" : status });
};
const refusedResumable = async () => {
  const { status } = await resumable();
  if (status !== 201) throw Object.assign(new Error(), { code: status === 409 ? "conflict" : status });
};

const places: Array<[name: string, folder: (server: LibraryServer) => string, write: () => Promise<unknown>]> = [
  ["a person's photos", ({ paths }) => join(paths.photos, characterId), refusedByServer],
  ["all photos", ({ paths }) => paths.photos, refusedByServer],
  ["thumbnails", ({ paths }) => paths.thumbnails, refusedByServer],
  ["uploads", ({ paths }) => paths.uploads, refusedByServer],
  ["uploads in pieces", ({ paths }) => paths.uploads, refusedResumable],
  ["pictures", ({ paths }) => paths.outputs, picture],
  ["LoRAs", ({ paths }) => paths.loras, lora],
];

test.each(places)("nothing is written through a link in the place of the folder for %s", async (_name, folderOf, write) => {
  const folder = folderOf(server);
  if (existsSync(folder)) renameSync(folder, `${folder}.kept`);
  symlinkSync(elsewhere, folder);
  await expect(write()).rejects.toMatchObject({ code: "conflict" });
  expect(readdirSync(elsewhere)).toEqual([]);
  expect(server.problems).toEqual([]);
});

test("the answer names the folder, and a data folder that is a link itself is fine", async () => {
  symlinkSync(elsewhere, join(server.paths.photos, characterId));
  const { text } = await upload();
  expect(JSON.parse(text)).toMatchObject({ error: { what: `Isengard does not write through data/photos/${characterId}.` } });
  renameSync(server.paths.data, `${server.paths.root}/volume`);
  symlinkSync(`${server.paths.root}/volume`, server.paths.data);
  characterId = server.characters.create({ name: "Bea" }).id;
  expect((await upload()).status).toBe(201);
});

test("what was deleted is brought back by its address, and after the keep time it cannot", async () => {
  await upload();
  const [photo] = server.photos.list(characterId);
  for (const address of [photo!.url, `/api/characters/${characterId}`]) {
    expect((await fetch(`${server.origin}${address}`, { method: "DELETE" })).status).toBe(204);
    expect((await fetch(`${server.origin}${photo!.url}`)).status).toBe(404);
    const restored = await fetch(`${server.origin}${address}/restore`, { method: "POST", body: "{}", headers: { "content-type": "application/json" } });
    expect([restored.status, (await fetch(`${server.origin}${photo!.url}`)).status]).toEqual([200, 200]);
  }
  await fetch(`${server.origin}${photo!.url}`, { method: "DELETE" });
  await server.erase();
  expect((await fetch(`${server.origin}${photo!.url}/restore`, { method: "POST" })).status).toBe(404);
  expect(server.problems).toEqual([]);
});
