import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Character, Photo } from "../../server/contract/character.ts";
import { drawPicture } from "../../server/testing/pictures.ts";
import { seededRandom } from "../../server/testing/random.ts";
import { waitFor } from "../../server/testing/wait.ts";
import { startExecutable, type Started } from "../testing/executable.ts";
import { lorasOf, makeCharacter, startGeneration, startTraining, waitForEnd } from "../testing/story.ts";

const kills = 10;
const sendersAtOnce = 4;
/** The keep time, what the purge adds to it, and room for a busy machine. */
const goneWithinMs = 80_000;

let server: Started;

const filesIn = (name: string) =>
  readdirSync(join(server.folder, "data", name), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => entry.name).toSorted();

async function photosOf(id: string): Promise<Photo[]> {
  return ((await (await server.api(`/api/characters/${id}/images`)).json()) as { images: Photo[] }).images;
}

/** Sends pictures until the connection breaks. */
async function send(id: string, seed: number): Promise<void> {
  for (let index = 0; ; index++) {
    const form = new FormData();
    form.append("files", new File([Uint8Array.from(await drawPicture({ width: 90, height: 90, seed: seed * 1000 + index, format: "png" }))], "a.png"));
    const answer = await server.api(`/api/characters/${id}/images`, { method: "POST", body: form }).catch(() => null);
    if (answer === null) return;
    await answer.body?.cancel().catch(() => undefined);
  }
}

/** Deletes photos until the connection breaks; gives those whose deletion was answered. */
async function remove(id: string, deleted: string[], random: (below: number) => number): Promise<void> {
  for (;;) {
    const photos = await photosOf(id).catch(() => null);
    if (photos === null) return;
    const photo = photos[random(Math.max(1, photos.length))];
    if (photo === undefined) continue;
    const answer = await server.api(photo.url, { method: "DELETE" }).catch(() => null);
    if (answer === null) return;
    if (answer.status === 204) deleted.push(photo.id);
  }
}

test("ten kills while photos come and go leave no deleted photo and no file without a row, and no photo is lost", async () => {
  const random = seededRandom(20_26);
  server = await startExecutable();
  const { folder } = server;
  const ada = await makeCharacter(server, "Ada", 0);
  const bea = await makeCharacter(server, "Bea", 3);
  const deleted: string[] = [];
  for (let kill = 0; kill < kills; kill++) {
    if (kill === kills - 2) expect((await server.api(`/api/characters/${bea.id}`, { method: "DELETE" })).status).toBe(204);
    const senders = Array.from({ length: sendersAtOnce }, (_, index) => send(ada.id, kill * sendersAtOnce + index + 1));
    const remover = remove(ada.id, deleted, random);
    await Bun.sleep(150 + random(500)); // the moment of the kill, which the seed chooses
    await server.kill("SIGKILL");
    await Promise.all([...senders, remover]);
    server = await startExecutable({ folder });
  }
  expect(deleted.length).toBeGreaterThan(kills);
  const rows = await photosOf(ada.id);
  const names = () => rows.map(({ url, mediaType }) => `${url.split("/").at(-1)}.${mediaType === "image/jpeg" ? "jpg" : "png"}`).toSorted();
  const wanted = [names(), rows.map(({ id }) => `${id}.webp`).toSorted(), []];
  await waitFor("only what has a row is on the disk", () => isDeepStrictEqual(["photos", "thumbnails", "uploads"].map(filesIn), wanted), goneWithinMs);
  for (const { url, sizeBytes } of rows) expect((await (await server.api(url)).bytes()).length).toBe(sizeBytes);
  const characters = (await (await server.api("/api/characters")).json()) as Character[];
  expect(characters.map(({ id }) => id)).toEqual([ada.id]);
  await server.kill("SIGTERM");
  expect(readFileSync(join(folder, "data", "state.db")).includes(bea.id)).toBe(false);
  await server.dispose();
}, 300_000);

test("of a person who was trained and drawn nothing is left in any file of the folder, logs and databases too", async () => {
  server = await startExecutable();
  const { folder } = server;
  const person = await makeCharacter(server, "Zerlina", 4);
  const training = await startTraining(server, person.id, { steps: 20 });
  expect((await waitForEnd(() => server, "training", training.id)).state).toBe("succeeded");
  const [lora] = await lorasOf(server);
  const pictures = await startGeneration(server, { prompt: "zerlina in a garden", loras: [{ id: lora!.id, strength: 1 }] });
  expect((await waitForEnd(() => server, "generation", pictures.id)).state).toBe("succeeded");
  const holding = () => readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /zerlina/i.test(`${entry.name} ${readFileSync(join(entry.parentPath, entry.name), "latin1")}`)).length;
  expect(holding()).toBeGreaterThan(2);
  expect((await server.api(`/api/characters/${person.id}`, { method: "DELETE" })).status).toBe(204);
  const isGone = () => {
    try {
      return holding() === 0;
    } catch {
      return false; // a file went while it was read
    }
  };
  await waitFor("nothing is left", isGone, goneWithinMs);
  await server.dispose();
}, 300_000);
