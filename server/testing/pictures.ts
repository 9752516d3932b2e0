import { exifPrefix } from "../pictures/exif.ts";
import { pngChunk } from "../pictures/strip-png.ts";

export interface PictureWish {
  readonly width: number;
  readonly height: number;
  readonly seed: number;
  readonly format: "jpeg" | "png" | "webp";
  /** Written as Exif; the pixels themselves stay as drawn. */
  readonly orientation?: number;
  /** Adds Exif with a place, a camera and a name; `secretMarks` are the texts that must be gone after an import. */
  readonly gps?: boolean;
  /** Adds noise, so that the file is as large as a real photo's. */
  readonly noise?: boolean;
}

/** Texts that `gps` hides in the metadata. */
export const secretMarks = ["SecretCamera", "SecretName"] as const;

const drawnPixels = 256;

/**
 * Draws a face-like picture: the top left quarter is red, so that a test can see how it is turned. Large pictures are
 * drawn small and enlarged.
 */
export async function drawPicture(wish: PictureWish): Promise<Uint8Array> {
  const scale = wish.noise ? 1 : Math.max(1, Math.max(wish.width, wish.height) / drawnPixels);
  const small = drawBmp(Math.max(1, Math.round(wish.width / scale)), Math.max(1, Math.round(wish.height / scale)), wish.seed, wish.noise ?? false);
  const image = new Bun.Image(small).resize(wish.width, wish.height, { filter: "bilinear" });
  const bytes = await encode(image, wish.format);
  if (wish.orientation === undefined && !wish.gps) return bytes;
  return withExif(bytes, wish.format, buildExif(wish.orientation ?? 1, wish.gps ?? false), wish);
}

function encode(image: Bun.Image, format: PictureWish["format"]): Promise<Uint8Array> {
  if (format === "png") return image.png({ compressionLevel: 3 }).bytes();
  return format === "webp" ? image.webp({ quality: 85 }).bytes() : image.jpeg({ quality: 90 }).bytes();
}

/** 24-bit BMP, rows from the bottom. */
function drawBmp(width: number, height: number, seed: number, noise: boolean): Uint8Array {
  const rowBytes = Math.ceil((width * 3) / 4) * 4;
  const bytes = new Uint8Array(54 + rowBytes * height);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  view.setUint32(2, bytes.length, true);
  view.setUint32(10, 54, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, width, true);
  view.setInt32(22, height, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, 24, true);
  let random = (seed * 2654435761 + 1) >>> 0;
  for (let row = 0; row < height; row++) {
    const y = height - 1 - row;
    for (let x = 0; x < width; x++) {
      random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
      const color = colorAt(x / width, y / height, seed);
      const grain = noise ? (random >>> 24) % 64 : 0;
      for (let channel = 0; channel < 3; channel++) bytes[54 + row * rowBytes + x * 3 + channel] = Math.min(255, color[channel]! + grain);
    }
  }
  return bytes;
}

/** Blue, green, red. */
function colorAt(x: number, y: number, seed: number): [number, number, number] {
  if (x < 0.5 && y < 0.5) return [20 + (seed * 7) % 30, 20 + (seed * 13) % 30, 220];
  const inFace = (x - 0.5) ** 2 + (y - 0.55) ** 2 < 0.09;
  return inFace ? [120, 160 + ((seed * 31) % 40), 190] : [(seed * 53) % 200, 90 + ((seed * 17) % 90), Math.round(60 * y)];
}

/** A TIFF body, little-endian: orientation and, when asked, camera, name and a place (48° 51′ N, 2° 21′ E). */
export function buildExif(orientation: number, gps: boolean): Uint8Array {
  const bytes = new Uint8Array(256);
  const view = new DataView(bytes.buffer);
  bytes.set([0x49, 0x49, 42, 0, 8, 0, 0, 0]);
  const entries: Array<[tag: number, type: number, count: number, value: number]> = [[0x0112, 3, 1, orientation]];
  if (gps) {
    writeText(bytes, 160, `${secretMarks[0]}\0`);
    writeText(bytes, 180, `${secretMarks[1]}\0`);
    entries.unshift([0x010f, 2, 13, 160]);
    entries.push([0x013b, 2, 11, 180], [0x8825, 4, 1, 80]);
  }
  writeDirectory(view, 8, entries);
  if (gps) {
    writeDirectory(view, 80, [[1, 2, 2, 0x4e], [2, 5, 3, 200], [3, 2, 2, 0x45], [4, 5, 3, 224]]);
    for (const [index, value] of [48, 51, 24, 2, 21, 3].entries()) {
      view.setUint32(200 + index * 8, value, true);
      view.setUint32(204 + index * 8, 1, true);
    }
  }
  return gps ? bytes : bytes.slice(0, 40);
}

function writeDirectory(view: DataView, at: number, entries: Array<[number, number, number, number]>): void {
  view.setUint16(at, entries.length, true);
  for (const [index, [tag, type, count, value]] of entries.entries()) {
    const entry = at + 2 + index * 12;
    view.setUint16(entry, tag, true);
    view.setUint16(entry + 2, type, true);
    view.setUint32(entry + 4, count, true);
    view.setUint32(entry + 8, value, true);
  }
}

function withExif(bytes: Uint8Array, format: PictureWish["format"], exif: Uint8Array, size: { width: number; height: number }): Uint8Array {
  if (format === "png") return Buffer.concat([bytes.subarray(0, 33), pngChunk("eXIf", exif), bytes.subarray(33)]);
  if (format === "webp") return webpWithExif(bytes, exif, size);
  const body = Buffer.concat([exifPrefix, exif]);
  return Buffer.concat([bytes.subarray(0, 2), new Uint8Array([0xff, 0xe1, (body.length + 2) >> 8, (body.length + 2) & 255]), body, bytes.subarray(2)]);
}

/** A plain WebP has no place for Exif, so it becomes an extended one. */
function webpWithExif(bytes: Uint8Array, exif: Uint8Array, { width, height }: { width: number; height: number }): Uint8Array {
  const extended = new Uint8Array(18);
  const view = new DataView(extended.buffer);
  writeText(extended, 0, "VP8X");
  view.setUint32(4, 10, true);
  extended[8] = 0x08;
  view.setUint32(12, width - 1, true);
  view.setUint16(15, (height - 1) & 0xffff, true);
  const head = new Uint8Array(8);
  writeText(head, 0, "EXIF");
  new DataView(head.buffer).setUint32(4, exif.length, true);
  const all = Buffer.concat([bytes.subarray(0, 12), extended, bytes.subarray(12), head, exif]);
  all.writeUInt32LE(all.length - 8, 4);
  return all;
}

function writeText(bytes: Uint8Array, at: number, text: string): void {
  bytes.set(new TextEncoder().encode(text), at);
}
