import { afterAll, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { temporaryFolder } from "../testing/folder.ts";
import { cleanPhoto, provePhoto } from "../library/photos/photo-intake.ts";
import { pngChunk } from "./strip-png.ts";

/** On a busy machine, too. What is refused by its header takes milliseconds. */
const limitMs = 20_000;
/** All pixels of the largest picture that is accepted, twice; a bomb that is not held would take gigabytes. */
const limitMb = 700;

const folder = temporaryFolder();
afterAll(() => folder.remove());

function png(width: number, height: number, { interlaced = false, data = new Uint8Array(), before = [] }: { interlaced?: boolean; data?: Uint8Array; before?: Uint8Array[] } = {}): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, interlaced ? 1 : 0], 8);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), pngChunk("IHDR", header), ...before, pngChunk("IDAT", deflateSync(data)), pngChunk("IEND", new Uint8Array()),
  ]);
}

/** Rows of black; an interlaced picture has a little more. */
const pixels = (width: number, height: number, more = 0) => new Uint8Array((width * 3 + 1) * height + more);
const packed = (megabytes: number) => deflateSync(new Uint8Array(megabytes * 1_000_000));
const named = (name: string, body: Uint8Array) => Buffer.concat([Buffer.from(`${name}\0\0`, "latin1"), body]);
const uint32 = (...values: number[]) => Buffer.concat(values.map((value) => Buffer.from([value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255])));

/** The head of a lossless WebP of that size, and too little behind it. */
function webp(width: number, height: number): Uint8Array {
  const body = Buffer.alloc(22);
  body.write("VP8L", 0, "latin1");
  body.writeUInt32LE(14, 4);
  body[8] = 0x2f;
  body.writeUInt32LE(((width - 1) | ((height - 1) << 14)) >>> 0, 9);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(body.length + 4);
  return Buffer.concat([Buffer.from("RIFF"), size, Buffer.from("WEBP"), body]);
}

const small = pixels(100, 100);
const bombs: Array<[name: string, make: () => Uint8Array, end: string]> = [
  ["a PNG of 60,000 × 60,000 pixels", () => png(60_000, 60_000), "too_large"],
  ["a PNG of 2³¹ − 1 pixels a side", () => png(2 ** 31 - 1, 2 ** 31 - 1), "too_large"],
  ["an interlaced PNG of 16,000 × 16,000 pixels", () => png(16_000, 16_000, { interlaced: true }), "too_large"],
  ["an interlaced PNG of 30 megapixels, small as a file", () => png(6000, 5000, { interlaced: true, data: pixels(6000, 5000, 20_000) }), "added"],
  ["a PNG of 62 megapixels with data for three rows", () => png(7900, 7900, { data: pixels(7900, 3) }), "damaged"],
  ["a small PNG with 200 MB of pixels behind the last row", () => png(100, 100, { data: new Uint8Array(200_000_000) }), "any"],
  ["a PNG whose profile unpacks to 500 MB", () => png(100, 100, { data: small, before: [pngChunk("iCCP", named("x", packed(500)))] }), "damaged"],
  ["a PNG whose text unpacks to 500 MB", () => png(100, 100, { data: small, before: [pngChunk("zTXt", named("x", packed(500)))] }), "added"],
  ["a PNG with 60,000 chunks of nothing", () => png(100, 100, { data: small, before: Array.from({ length: 60_000 }, () => pngChunk("teXt", new Uint8Array())) }), "added"],
  ["a PNG with more chunks than a picture has", () => png(100, 100, { data: small, before: Array.from({ length: 70_000 }, () => pngChunk("teXt", new Uint8Array())) }), "damaged"],
  ["an animated PNG that claims 2³² − 1 frames", () => png(100, 100, { data: small, before: [pngChunk("acTL", uint32(0xffffffff, 0))] }), "added"],
  ["a lossless WebP of 16,383 × 16,383 pixels in 34 bytes", () => webp(16_383, 16_383), "too_large"],
  ["a lossless WebP of 62 megapixels in 34 bytes", () => webp(7900, 7900), "any"],
];

function peakMb(): number {
  if (!existsSync("/proc/self/status")) return process.memoryUsage().rss / 1e6;
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? 0) / 1000;
}

test.each(bombs)("%s costs bounded time and memory", async (_name, make, end) => {
  const source = join(folder.path, "bomb");
  writeFileSync(source, make());
  Bun.gc(true);
  // Sets the peak back to what is used now (Linux; elsewhere the peak of the whole test is looked at).
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // not allowed here
  }
  const before = process.memoryUsage().rss / 1e6;
  const start = performance.now();
  const cleaned = await cleanPhoto(source, (extension) => `${source}.${extension}`);
  const proven = cleaned.kind === "rejected" ? cleaned : await provePhoto(cleaned, `${source}.thumbnail`);
  if (cleaned.kind === "cleaned") await cleaned.part.discard();
  const ms = performance.now() - start;
  const mb = peakMb() - before;
  if (end !== "any") expect("kind" in proven ? proven.code : "added").toBe(end);
  expect(ms).toBeLessThan(limitMs);
  expect(mb).toBeLessThan(limitMb);
}, 60_000);
