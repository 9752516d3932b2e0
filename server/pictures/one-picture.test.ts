import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { deflateSync, inflateSync } from "node:zlib";
import type { UploadOutcome } from "../contract/character.ts";
import { openLibrary, type TestLibrary } from "../testing/library.ts";
import { drawPicture } from "../testing/pictures.ts";
import { pngChunk } from "./strip-png.ts";

const cells = 8;
const pythons = [process.env["PILLOW_PYTHON"] ?? "python3", "/usr/bin/python3"];
const python = pythons.find((name) => Bun.which(name) !== null && Bun.spawnSync([name, "-c", "import PIL"]).exitCode === 0) ?? "";
const hasPillow = python !== "";
if (!hasPillow) console.warn("Skipped: what the trainer reads is not compared with the page, since python3 has no Pillow (apt install python3-pil).");

/** Reads as AI-Toolkit does: turned by Exif, then RGB. */
const reader = `
import sys, json
from PIL import Image, ImageOps
for path in sys.argv[1:]:
    image = ImageOps.exif_transpose(Image.open(path)).convert("RGB").resize((${cells}, ${cells}), Image.BOX)
    print(json.dumps(list(image.tobytes())))
`;
const shared = join(import.meta.dir, "../../../shared/faults/photos");

let library: TestLibrary;
let characterId: string;

beforeEach(() => {
  library = openLibrary();
  characterId = library.characters.create({ name: "Ada" }).id;
});
afterEach(() => library.close());

async function add(bytes: Uint8Array, name: string): Promise<UploadOutcome> {
  const path = join(library.paths.uploads, "one");
  await Bun.write(path, bytes);
  return library.photos.add(characterId, name, path);
}

/** The mean colour of each cell of the thumbnail. */
async function thumbnailCells(photoId: string): Promise<number[]> {
  const png = await new Bun.Image(join(library.paths.thumbnails, `${photoId}.webp`)).resize(cells, cells, { filter: "box" }).png().bytes();
  return [...rgba(png)].filter((_, index) => index % 4 !== 3);
}

function rgba(png: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  for (let at = 8; at < png.length; at += 12 + view.getUint32(at)) {
    if (Buffer.from(png.subarray(at + 4, at + 8)).toString() === "IDAT") parts.push(png.subarray(at + 8, at + 8 + view.getUint32(at)));
  }
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [raw, out] = [inflateSync(Buffer.concat(parts)), new Uint8Array(width * height * 4)];
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (width * 4 + 1)]!;
    for (let x = 0; x < width * 4; x++) {
      const left = x >= 4 ? out[y * width * 4 + x - 4]! : 0;
      const up = y > 0 ? out[(y - 1) * width * 4 + x]! : 0;
      const corner = x >= 4 && y > 0 ? out[(y - 1) * width * 4 + x - 4]! : 0;
      const guess = left + up - corner;
      const near = Math.abs(guess - left) <= Math.abs(guess - up) && Math.abs(guess - left) <= Math.abs(guess - corner) ? left : Math.abs(guess - up) <= Math.abs(guess - corner) ? up : corner;
      out[y * width * 4 + x] = raw[y * (width * 4 + 1) + 1 + x]! + [0, left, up, (left + up) >> 1, near][filter]!;
    }
  }
  return out;
}

/** A PNG of one row pattern: `sample` gives the bytes of a pixel. */
function png(type: number, depth: number, sample: (x: number, y: number) => number[], ...chunks: Uint8Array[]): Uint8Array {
  const rows = Array.from({ length: 96 }, (_, y) => [0, ...Array.from({ length: 96 }, (_cell, x) => sample(x, y)).flat()]);
  const header = Buffer.from([0, 0, 0, 96, 0, 0, 0, 96, depth, type, 0, 0, 0]);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), pngChunk("IHDR", header), ...chunks,
    pngChunk("IDAT", deflateSync(new Uint8Array(rows.flat()))),
    pngChunk("IEND", new Uint8Array()),
  ]);
}

const shade = (x: number, y: number): [number, number, number] => [x * 2, y * 2, 255 - x * 2];
const gamma = (value: number) => pngChunk("gAMA", new Uint8Array([0, 0, value >> 8, value & 255]));
const drawn: Array<[name: string, bytes: Uint8Array, changes: string[]]> = [
  ["opaque RGB", png(2, 8, shade), []],
  ["opaque RGBA", png(6, 8, (x, y) => [...shade(x, y), 255]), []],
  ["cut out, black below", png(6, 8, (x, y) => (x < 48 ? [0, 0, 0, 0] : [...shade(x, y), 255])), ["background"]],
  ["half transparent", png(6, 8, (x, y) => [...shade(x, y), 90]), ["background"]],
  ["gray with alpha", png(4, 8, (x, y) => [x * 2, y * 2]), ["background"]],
  ["colour key", png(2, 8, (x, y) => (y < 48 ? [10, 20, 30] : shade(x, y)), pngChunk("tRNS", new Uint8Array([0, 10, 0, 20, 0, 30]))), ["background"]],
  ["palette with alpha", png(3, 8, (x) => [x < 48 ? 0 : 1], pngChunk("PLTE", new Uint8Array([200, 0, 0, 0, 0, 200])), pngChunk("tRNS", new Uint8Array([64]))), ["background"]],
  ["gray of 16 bit", png(0, 16, (x) => [x * 2, 0]), ["depth"]],
  ["RGB of 16 bit", png(2, 16, (x, y) => shade(x, y).flatMap((value) => [value, 7])), ["depth"]],
  ["linear light", png(2, 8, shade, pngChunk("gAMA", new Uint8Array([0, 1, 0x86, 0xa0]))), ["colours"]],
  ["the gamma of sRGB", png(2, 8, shade, gamma(45_455)), []],
  ["coded as Display P3", png(2, 8, shade, pngChunk("cICP", new Uint8Array([12, 13, 0, 1]))), ["colours"]],
  ["a broken profile", png(2, 8, shade, pngChunk("iCCP", Buffer.concat([Buffer.from("x\0\0"), deflateSync(new Uint8Array(200))]))), ["profile"]],
];

test.each(drawn)("%s becomes 8-bit opaque sRGB, and the photo says what was changed", async (_name, bytes, changes) => {
  const outcome = await add(bytes, "a.png");
  expect(outcome).toMatchObject({ kind: "added" });
  if (outcome.kind !== "added") return;
  expect(outcome.photo.changes.map(({ code }) => code)).toEqual([...changes, "small"] as never);
  const again = await add(bytes, "b.png");
  expect(again.kind).toBe("duplicate");
  const kept = await library.photos.file(outcome.photo)!.bytes();
  const file = rgba(await new Bun.Image(kept).resize(cells, cells, { filter: "box" }).png().bytes());
  expect(file.every((value, index) => index % 4 !== 3 || value === 255)).toBe(true);
  expect(readdirSync(library.paths.photos, { recursive: true }).filter((name) => String(name).endsWith(".part"))).toEqual([]);
});

test("HDR colours are refused in words", async () => {
  const outcome = await add(png(2, 8, shade, pngChunk("cICP", new Uint8Array([9, 16, 0, 1]))), "a.png");
  expect(outcome).toMatchObject({ kind: "rejected", code: "unsupported", reason: expect.stringContaining("HDR") });
});

test.skipIf(!hasPillow)("the trainer reads the pixels that the page shows, in every accepted photo", async () => {
  const files: Array<[string, Uint8Array]> = drawn.map(([name, bytes]) => [name, bytes]);
  for (const format of ["jpeg", "png", "webp"] as const) {
    for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) files.push([`${format} ${orientation}`, await drawPicture({ width: 140, height: 90, seed: orientation, format, orientation })]);
  }
  for (const name of existsSync(shared) ? readdirSync(shared) : []) {
    // The larger ones are there for their size alone.
    if (statSync(join(shared, name)).size < 60_000) files.push([name, await Bun.file(join(shared, name)).bytes()]);
  }
  const pages: Array<{ name: string; path: string; cells: number[] }> = [];
  for (const [name, bytes] of files) {
    const outcome = await add(bytes, name);
    // A cell of a long strip is less than a pixel of its thumbnail.
    if (outcome.kind !== "added" || Math.max(outcome.photo.width, outcome.photo.height) > 8 * Math.min(outcome.photo.width, outcome.photo.height)) continue;
    const original = library.photos.originals(characterId).find(({ id }) => id === outcome.photo.id)!;
    pages.push({ name, path: original.path, cells: await thumbnailCells(outcome.photo.id) });
  }
  const read = Bun.spawnSync([python, "-c", reader, ...pages.map(({ path }) => path)]);
  expect(read.stderr.toString()).toBe("");
  const trainer = read.stdout.toString().trim().split("\n").map((line) => JSON.parse(line) as number[]);
  const apart = pages.map((page, index) => ({ name: page.name, by: Math.max(...page.cells.map((value, at) => Math.abs(value - trainer[index]![at]!))) }));
  expect(apart.length).toBeGreaterThan(30);
  expect(apart.filter(({ by }) => by > 24)).toEqual([]);
}, 60_000);
