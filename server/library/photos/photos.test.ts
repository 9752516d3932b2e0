import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { UploadOutcome } from "../../contract/character.ts";
import { openLibrary, type TestLibrary } from "../../testing/library.ts";
import { drawPicture, secretMarks } from "../../testing/pictures.ts";
import { pngChunk } from "../../pictures/strip-png.ts";

let library: TestLibrary;
let characterId: string;
beforeEach(() => {
  library = openLibrary();
  characterId = library.characters.create({ name: "Ada" }).id;
});
afterEach(() => library.close());

async function add(bytes: Uint8Array | string, fileName = "photo.jpg"): Promise<UploadOutcome> {
  const path = join(library.paths.uploads, "incoming");
  await Bun.write(path, bytes);
  return library.photos.add(characterId, fileName, path);
}

async function added(bytes: Uint8Array, fileName?: string) {
  const outcome = await add(bytes, fileName);
  if (outcome.kind !== "added") throw new Error(JSON.stringify(outcome));
  return outcome.photo;
}

/** The colour in a corner of a picture, as 0…255 red, green, blue. */
async function corner(bytes: ArrayBuffer | Uint8Array, place: "top-left" | "top-right" | "bottom-left" | "bottom-right"): Promise<number[]> {
  const image = new Bun.Image(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes)).resize(2, 2, { filter: "box" });
  const raw = Bun.inflateSync(idat(await image.png({ compressionLevel: 0 }).bytes()), { windowBits: 15 });
  const channels = (raw.length - 2) / 4;
  if (raw[0] !== 0 || raw[1 + 2 * channels] !== 0) throw new Error("this test reads unfiltered rows only");
  const [row, column] = { "top-left": [0, 0], "top-right": [0, 1], "bottom-left": [1, 0], "bottom-right": [1, 1] }[place] as [number, number];
  const at = row * (2 * channels + 1) + 1 + column * channels;
  return [...raw.subarray(at, at + 3)];
}

function idat(png: Uint8Array): Uint8Array<ArrayBuffer> {
  const at = Buffer.from(png).indexOf("IDAT");
  return Uint8Array.from(png.subarray(at + 4, at + 4 + new DataView(png.buffer, png.byteOffset).getUint32(at - 4)));
}

const isRed = ([red = 0, green = 0, blue = 0]: number[]) => red > 120 && green < 120 && blue < 120;

test("a photo is stored under an id of ours with its name only for display", async () => {
  const photo = await added(await drawPicture({ width: 300, height: 200, seed: 1, format: "jpeg" }), "../../My Holiday.JPG");
  expect(photo).toMatchObject({ originalName: "My Holiday.JPG", mediaType: "image/jpeg", width: 300, height: 200, caption: "", characterId });
  expect(readdirSync(join(library.paths.photos, characterId))).toEqual([`${photo.id}.jpg`]);
  expect(library.photos.list(characterId)).toEqual([photo]);
  expect(library.photos.file(photo)!.size).toBe(photo.sizeBytes);
  expect(library.characters.get(characterId)).toMatchObject({ photoCount: 1, coverPhotoId: photo.id });
  expect(library.events.map((event) => event.type)).toEqual(["character.changed", "photos.changed", "character.changed"]);
});

test("a photo whose file was removed outside says so, and the same picture added again takes its place with its caption", async () => {
  const bytes = await drawPicture({ width: 300, height: 200, seed: 3, format: "jpeg" });
  const { id } = await added(bytes);
  const other = await added(await drawPicture({ width: 300, height: 200, seed: 4, format: "png" }));
  library.photos.setCaption(characterId, id, "in a garden");
  unlinkSync(join(library.paths.photos, characterId, `${id}.jpg`));
  expect(library.photos.list(characterId).map((photo) => [photo.id, photo.missing])).toEqual([[id, true], [other.id, false]]);
  expect(library.photos.get(characterId, id)).toMatchObject({ missing: true });
  const again = await added(bytes);
  expect(again).toMatchObject({ missing: false, caption: "in a garden" });
  expect(library.photos.list(characterId).map((photo) => photo.id)).toEqual([other.id, again.id]);
  expect(await add(bytes)).toMatchObject({ kind: "duplicate" });
});

test("one that was deleted and whose file is gone meanwhile is added anew", async () => {
  const bytes = await drawPicture({ width: 300, height: 200, seed: 3, format: "jpeg" });
  const { id } = await added(bytes);
  library.photos.remove(characterId, id);
  unlinkSync(join(library.paths.photos, characterId, `${id}.jpg`));
  expect(await added(bytes)).toMatchObject({ missing: false });
});

describe.each(["jpeg", "png", "webp"] as const)("a %s", (format) => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])("with orientation %i has the size and the thumbnail that a person expects", async (orientation) => {
    const photo = await added(await drawPicture({ width: 800, height: 480, seed: 2, format, orientation, gps: true }));
    const [width, height] = orientation >= 5 ? [480, 800] : [800, 480];
    expect(photo).toMatchObject({ width, height });
    const thumbnail = await (await library.photos.thumbnail(photo))!.bytes();
    expect(await new Bun.Image(thumbnail).metadata()).toEqual(orientation >= 5 ? { width: 192, height: 320, format: "webp" } : { width: 320, height: 192, format: "webp" });
    const redCorner = { 1: "top-left", 2: "top-right", 3: "bottom-right", 4: "bottom-left", 5: "top-left", 6: "top-right", 7: "bottom-right", 8: "bottom-left" } as const;
    expect(isRed(await corner(thumbnail, redCorner[orientation as 1]))).toBe(true);
  });

  test("keeps no place, camera or name on the disk", async () => {
    const photo = await added(await drawPicture({ width: 200, height: 100, seed: 2, format, gps: true }));
    const stored = Buffer.from(await library.photos.file(photo)!.bytes());
    for (const mark of secretMarks) expect(stored.includes(mark)).toBe(false);
  });
});

test("a thumbnail that was cleaned away is made again", async () => {
  const photo = await added(await drawPicture({ width: 400, height: 200, seed: 2, format: "png", orientation: 6 }));
  rmSync(library.paths.thumbnails, { recursive: true });
  expect(await new Bun.Image(await (await library.photos.thumbnail(photo))!.bytes()).metadata()).toMatchObject({ width: 160, height: 320 });
});

test("a picture of 24 megapixels is taken", async () => {
  const photo = await added(await drawPicture({ width: 6000, height: 4000, seed: 3, format: "jpeg" }));
  expect(photo).toMatchObject({ width: 6000, height: 4000 });
});

test("the same picture again is a duplicate, whatever its name and metadata; another character may have it too", async () => {
  const photo = await added(await drawPicture({ width: 100, height: 100, seed: 4, format: "jpeg" }), "a.jpg");
  const again = await add(await drawPicture({ width: 100, height: 100, seed: 4, format: "jpeg", gps: true }), "b.jpg");
  expect(again).toEqual({ kind: "duplicate", fileName: "b.jpg", photo });
  characterId = library.characters.create({ name: "Eva" }).id;
  await added(await drawPicture({ width: 100, height: 100, seed: 4, format: "jpeg" }));
});

test("ten copies at the same moment become one photo and leave nothing else behind", async () => {
  const bytes = await drawPicture({ width: 120, height: 100, seed: 4, format: "png" });
  await Bun.write(join(library.paths.uploads, "same"), bytes);
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => library.photos.add(characterId, "a.png", join(library.paths.uploads, "same"))));
  expect(outcomes.filter(({ kind }) => kind === "added")).toHaveLength(1);
  expect(outcomes.filter(({ kind }) => kind === "duplicate")).toHaveLength(9);
  expect(readdirSync(join(library.paths.photos, characterId))).toHaveLength(1);
  expect(readdirSync(library.paths.thumbnails)).toHaveLength(1);
});

const header = (brand: string) => `\0\0\0\x18ftyp${brand}\0\0\0\0mif1`;
const bomb = Buffer.concat([
  Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), pngChunk("IHDR", Buffer.from([0, 1, 0, 0, 0, 1, 0, 0, 8, 6, 0, 0, 0])),
  pngChunk("IDAT", Bun.deflateSync(new Uint8Array(100_000))), pngChunk("IEND", new Uint8Array()),
]);
const refused: Array<[what: string, bytes: () => Promise<Uint8Array> | Uint8Array | string, code: string, reason: string]> = [
  ["a text file named .jpg", () => "Dear diary,\nüber alles.", "unsupported", "is a text file, not a picture"],
  ["an empty file", () => "", "unsupported", "is empty"],
  ["a web page", () => "<!DOCTYPE html><html><script>alert(1)</script></html>", "unsupported", "web page"],
  ["an SVG drawing", () => '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "unsupported", "SVG"],
  ["a HEIC picture", () => header("heic"), "unsupported", "HEIC"],
  ["an AVIF picture", () => header("avif"), "unsupported", "AVIF"],
  ["a GIF picture", () => "GIF89a\x01\x00\x01\x00", "unsupported", "GIF"],
  ["a video", () => header("isom").replace("mif1", "mp42"), "unsupported", "video"],
  ["a PDF", () => "%PDF-1.7\n", "unsupported", "PDF"],
  ["random bytes", () => new Uint8Array(5000).map((_, index) => (index * 7919) >> 3), "unsupported", "not a picture"],
  ["a tiny picture", () => drawPicture({ width: 63, height: 500, seed: 1, format: "png" }), "too_small", "63 × 500"],
  ["a very wide picture", () => drawPicture({ width: 16_400, height: 64, seed: 1, format: "jpeg" }), "too_large", "16,383"],
  ["a picture bomb", () => bomb, "too_large", "64 megapixels"],
  ["a file of 51 MB", () => new Uint8Array(51_000_000), "too_large", "50 MB"],
  ["half a JPEG", async () => (await drawPicture({ width: 500, height: 500, seed: 1, format: "jpeg" })).slice(0, 3000), "damaged", "cut off"],
  ["a PNG with a changed bit", async () => (await drawPicture({ width: 500, height: 500, seed: 1, format: "png" })).map((byte, index) => (index === 2000 ? byte ^ 1 : byte)), "damaged", "damaged"],
  ["a JPEG without picture data", () => new Uint8Array([0xff, 0xd8, 0xff, 0xda, 0, 2, 1, 2, 3, 0xff, 0xd9]), "damaged", "damaged"],
];

test.each(refused)("T13: %s is refused in words and leaves nothing behind", async (_what, bytes, code, reason) => {
  expect(await add(await bytes(), "holiday.jpg")).toEqual({ kind: "rejected", fileName: "holiday.jpg", code, reason: expect.stringContaining(reason) });
  expect(library.photos.list(characterId)).toEqual([]);
  expect(readdirSync(library.paths.photos, { recursive: true }).filter((name) => String(name).includes("."))).toEqual([]);
  expect(readdirSync(library.paths.thumbnails)).toEqual([]);
});

test("an unknown character gets no photo", async () => {
  characterId = "../../outside";
  await expect(add(await drawPicture({ width: 100, height: 100, seed: 1, format: "jpeg" }))).rejects.toMatchObject({ code: "not_found" });
});

test("a caption is plain text; a deleted photo is gone from disk, list and cover", async () => {
  const photo = await added(await drawPicture({ width: 100, height: 100, seed: 1, format: "jpeg" }));
  expect(library.photos.setCaption(characterId, photo.id, " adalov7 by\u0000 the sea\r\n ").caption).toBe("adalov7 by  the sea");
  expect(() => library.photos.setCaption(characterId, photo.id, "x".repeat(2001))).toThrow("caption");
  library.photos.remove(characterId, photo.id);
  expect(library.photos.get(characterId, photo.id)).toBeNull();
  expect(readdirSync(join(library.paths.photos, characterId))).toHaveLength(1);
  expect(library.characters.get(characterId)!.coverPhotoId).toBeNull();
  await library.erase();
  expect(readdirSync(join(library.paths.photos, characterId))).toEqual([]);
  expect(readdirSync(library.paths.thumbnails)).toEqual([]);
});

test("a photo that somebody replaced by a link is not opened", async () => {
  const photo = await added(await drawPicture({ width: 100, height: 100, seed: 1, format: "jpeg" }));
  const path = join(library.paths.photos, characterId, `${photo.id}.jpg`);
  unlinkSync(path);
  symlinkSync("/etc/hostname", path);
  expect(library.photos.file(photo)).toBeNull();
});

test("a photo whose sender left before its turn is not taken in, and leaves no file", async () => {
  const bytes = await drawPicture({ width: 200, height: 100, seed: 3, format: "jpeg" });
  const leaving = new AbortController();
  const paths = Array.from({ length: 6 }, (_, index) => join(library.paths.uploads, `incoming-${index}`));
  for (const [index, path] of paths.entries()) await Bun.write(path, index < 2 ? bytes : await drawPicture({ width: 200, height: 100, seed: index, format: "png" }));
  const adding = paths.map((path, index) => library.photos.add(characterId, "a", path, index < 2 ? undefined : leaving.signal).catch((error: Error) => error.name));
  leaving.abort();
  const outcomes = await Promise.all(adding);
  expect(outcomes.slice(2)).toEqual(["AbortError", "AbortError", "AbortError", "AbortError"]);
  expect(library.photos.list(characterId)).toHaveLength(1);
  expect(readdirSync(join(library.paths.photos, characterId))).toHaveLength(1);
});
