import { open, unlink, writeFile } from "node:fs/promises";
import type { PhotoChange } from "../contract/character.ts";
import { toSrgb, type Convert } from "../formats/colour.ts";
import { pngRows } from "../formats/png-rows.ts";
import type { PictureFormat } from "./kind.ts";
import type { Orientation } from "./exif.ts";
import type { Decoded } from "./apart.ts";
import { maxPixels, turn } from "./draw.ts";
import type { Meaning } from "./meaning.ts";

const bmpHeaderBytes = 54;
const rowsAtOnce = 64;
const quality = 95;

/**
 * Decodes the picture and writes it anew as 8-bit opaque sRGB, upright: on white where it was transparent, in the colours
 * that its profile or gamma means. A JPEG stays one; all else becomes a PNG. Null: its transparency turned out to be
 * none, and nothing else was to be changed. `target` is a name that nobody else uses; on the way
 * its pixels lie there, and nothing where there is no plain picture.
 */
export async function plainPicture(path: string, format: PictureFormat, orientation: Orientation, meaning: Meaning, target: string): Promise<Decoded> {
  const image = new Bun.Image(path, { maxPixels });
  if (format !== "jpeg") turn(image, orientation);
  // Not compressed: packing and unpacking took two thirds of the time, and saved a quarter of these bytes.
  const png = await image.png({ compressionLevel: 0 }).bytes();
  try {
    const convert = typeof meaning.colours === "object" ? toSrgb(meaning.colours) : null;
    const wasTransparent = await writeBmp(png, convert, target);
    const changes = changesOf(meaning, wasTransparent);
    if (changes.length === 0) {
      await unlink(target);
      return null;
    }
    const plain = new Bun.Image(target, { maxPixels });
    await writeFile(target, await (format === "jpeg" ? plain.jpeg({ quality }) : plain.png({ compressionLevel: 6 })).bytes());
    return { format: format === "jpeg" ? "jpeg" : "png", changes };
  } catch (error) {
    await unlink(target).catch(() => undefined);
    throw error;
  }
}

function changesOf(meaning: Meaning, wasTransparent: boolean): PhotoChange[] {
  const changes: PhotoChange[] = [];
  if (wasTransparent) changes.push({ code: "background", text: "Its transparent places were filled with white." });
  if (meaning.deep) changes.push({ code: "depth", text: "Its 16-bit values were made 8-bit." });
  if (meaning.cmyk) changes.push({ code: "cmyk", text: "It was made for printing (CMYK); its colours were turned into sRGB and may differ a little." });
  if (typeof meaning.colours === "object") changes.push({ code: "colours", text: "Its colours were turned into sRGB." });
  if (meaning.colours === "unreadable") changes.push({ code: "profile", text: "Its colour profile could not be read and was left out; its colours are taken as sRGB." });
  return changes;
}

/** 24-bit BMP from the top down: the one form that the encoder reads back without work. Answers whether a pixel was not opaque. */
async function writeBmp(png: Uint8Array, convert: Convert | null, path: string): Promise<boolean> {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const rowBytes = Math.ceil((width * 3) / 4) * 4;
  const handle = await open(path, "w", 0o600);
  try {
    await handle.write(bmpHeader(width, height, rowBytes));
    const block = new Uint8Array(rowBytes * rowsAtOnce);
    let rows = 0;
    let wasTransparent = false;
    for await (const row of pngRows(png, width)) {
      if (convertRow(row, block, rows * rowBytes, convert)) wasTransparent = true;
      if (++rows < rowsAtOnce) continue;
      await handle.writeFile(block);
      rows = 0;
    }
    if (rows > 0) await handle.writeFile(block.subarray(0, rows * rowBytes));
    return wasTransparent;
  } finally {
    await handle.close();
  }
}

/** Runs once for each pixel of up to 64 million: no call and no array more than needed. */
function convertRow(row: Uint8Array, target: Uint8Array, start: number, convert: Convert | null): boolean {
  let wasTransparent = false;
  for (let from = 0, to = start; from < row.length; from += 4, to += 3) {
    if (convert) {
      convert(row[from]!, row[from + 1]!, row[from + 2]!, target, to);
      const red = target[to]!;
      target[to] = target[to + 2]!;
      target[to + 2] = red;
    } else {
      target[to] = row[from + 2]!;
      target[to + 1] = row[from + 1]!;
      target[to + 2] = row[from]!;
    }
    const alpha = row[from + 3]!;
    if (alpha === 255) continue;
    wasTransparent = true;
    for (let at = to; at < to + 3; at++) target[at] = Math.round((target[at]! * alpha) / 255 + 255 - alpha);
  }
  return wasTransparent;
}

function bmpHeader(width: number, height: number, rowBytes: number): Uint8Array {
  const bytes = new Uint8Array(bmpHeaderBytes);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  view.setUint32(2, bmpHeaderBytes + rowBytes * height, true);
  view.setUint32(10, bmpHeaderBytes, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, width, true);
  view.setInt32(22, -height, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, 24, true);
  return bytes;
}
