import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { newId } from "../../base/ids.ts";
import { openLibrary, type TestLibrary } from "../../testing/library.ts";
import { drawPicture } from "../../testing/pictures.ts";
import { pngChunk } from "../../pictures/strip-png.ts";

const side = 600;
let library: TestLibrary;
let characterId: string;

beforeEach(() => {
  library = openLibrary();
  characterId = library.characters.create({ name: "Ada" }).id;
});
afterEach(() => library.close());

function png(type: number, pixel: readonly number[], ...chunks: Uint8Array[]): Uint8Array {
  const row = Buffer.from([0, ...Array.from({ length: side }, () => pixel).flat()]);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([8, type, 0, 0, 0], 8);
  const data = pngChunk("IDAT", deflateSync(Buffer.concat(Array.from({ length: side }, () => row))));
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), pngChunk("IHDR", header), ...chunks, data, pngChunk("IEND", new Uint8Array())]);
}

const cutOut = () => png(6, [0, 0, 0, 0]);

/** A row and a file as an earlier version left them: the file as it came, without its metadata. */
function plant(bytes: Uint8Array, mediaType = "image/png", caption = ""): string {
  const id = newId("pho");
  const extension = mediaType === "image/jpeg" ? "jpg" : mediaType.slice("image/".length);
  mkdirSync(join(library.paths.photos, characterId), { recursive: true });
  writeFileSync(join(library.paths.photos, characterId, `${id}.${extension}`), bytes);
  writeFileSync(join(library.paths.thumbnails, `${id}.webp`), "an old thumbnail");
  library.db.query(
    `insert into photo (id, character_id, sha256, original_name, media_type, width, height, size_bytes, caption, created_at, is_plain)
     values (?, ?, ?, 'a', ?, ${side}, ${side}, ?, ?, '2026-01-01', 0)`,
  ).run(id, characterId, new Bun.CryptoHasher("sha256").update(bytes).digest("hex"), mediaType, bytes.length, caption);
  return id;
}

const list = () => library.photos.list(characterId);
const codes = () => list().map(({ changes }) => changes.map(({ code }) => code));

test("photos of an earlier version are made plain in their order; what is plain keeps its bytes and its address", async () => {
  const jpeg = Buffer.from(await drawPicture({ width: side, height: side, seed: 1, format: "jpeg", gps: false }));
  const webp = Buffer.from(await new Bun.Image(cutOut()).webp({ lossless: true }).bytes());
  const before = [plant(jpeg, "image/jpeg"), plant(cutOut(), "image/png", "a caption"), plant(webp, "image/webp"), plant(png(2, [9, 9, 9])), plant(png(6, [9, 9, 9, 255]))];
  const deep = plant(png(2, [1, 2, 3], pngChunk("cICP", new Uint8Array([9, 16, 0, 1]))));
  expect(await library.oldPhotos.ready(characterId, 60_000)).toBe(0);

  // The cut-outs of both kinds became one picture: the second gave way.
  expect(codes()).toEqual([[], ["background"], [], [], ["doubtful"]]);
  expect(list().map(({ id }) => id)).toEqual([before[0]!, expect.not.stringContaining(before[1]!), before[3]!, before[4]!, deep]);
  const made = list()[1]!;
  expect(made).toMatchObject({ caption: "a caption", mediaType: "image/png" });
  const file = await library.photos.file(made)!.bytes();
  expect(new Bun.CryptoHasher("sha256").update(file).digest("hex")).toBe(library.photos.originals(characterId)[1]!.sha256);
  expect(await library.photos.file(list()[0]!)!.bytes()).toEqual(new Uint8Array(jpeg));

  await library.erase();
  const names = [...readdirSync(library.paths.photos, { recursive: true }), ...readdirSync(library.paths.thumbnails)].map(String);
  expect(names.filter((name) => name.includes(before[1]!) || name.includes(before[2]!) || name.endsWith(".part"))).toEqual([]);
  expect(names.filter((name) => name.includes(made.id))).toHaveLength(2);
  // The same file once more is known, and nobody is asked to look again.
  writeFileSync(join(library.paths.uploads, "again"), cutOut());
  expect(await library.photos.add(characterId, "b.png", join(library.paths.uploads, "again"))).toMatchObject({ kind: "duplicate" });
  expect(await library.oldPhotos.step(null)).toBe(false);
});

test("a photo that was deleted, or whose file is gone, is left alone and holds nobody up", async () => {
  const [gone, deleted] = [plant(cutOut()), plant(png(6, [1, 0, 0, 0]))];
  await Bun.file(join(library.paths.photos, characterId, `${gone}.png`)).unlink();
  library.photos.remove(characterId, deleted);
  expect(await library.oldPhotos.ready(characterId, 60_000)).toBe(0);
  expect(list().map(({ id }) => id)).toEqual([gone]);
  library.photos.restore(characterId, deleted);
  expect(await library.oldPhotos.ready(characterId, 60_000)).toBe(0);
  expect(codes()).toEqual([[], ["background"]]);
});

test("when the row cannot be written, the old photo stays with its file, and the new file goes", async () => {
  const id = plant(cutOut());
  library.db.run("create trigger full before update of sha256 on photo begin select raise(abort, 'disk full'); end");
  expect(await library.oldPhotos.step(null).catch(String)).toContain("disk full");
  await library.erase();
  expect(readdirSync(join(library.paths.photos, characterId))).toEqual([`${id}.png`]);
  library.db.run("drop trigger full");
  expect(await library.oldPhotos.ready(characterId, 60_000)).toBe(0);
  expect(codes()).toEqual([["background"]]);
});

test("no time left: it is said how many photos are not ready", async () => {
  plant(png(6, [1, 0, 0, 0]));
  plant(png(6, [2, 0, 0, 0]));
  plant(png(6, [3, 0, 0, 128]));
  expect(await library.oldPhotos.ready(characterId, -1)).toBe(2);
});
