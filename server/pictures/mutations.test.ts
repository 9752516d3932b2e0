import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../testing/folder.ts";
import { mutate } from "../testing/mutate.ts";
import { seededRandom } from "../testing/random.ts";
import { cleanPhoto, provePhoto } from "../library/photos/photo-intake.ts";

const rounds = Number(process.env["ISENGARD_TEST_PICTURES"] ?? 30_000);
const atOnce = 4;
const side = 64;
/** One damaged picture, from its first byte to its thumbnail; an ordinary one takes about 3 ms. */
const limitMs = 5_000;

const folder = temporaryFolder();
afterAll(() => folder.remove());
const bases: Uint8Array[] = [];

/** Every kind that is accepted, small: what is tried is the reading, not the size. */
beforeAll(async () => {
  const bitmap = Buffer.alloc(54 + side * side * 3);
  bitmap.write("BM", 0, "latin1");
  bitmap.writeUInt32LE(bitmap.length, 2);
  for (const [at, value] of [[10, 54], [14, 40], [18, side], [22, side]] as const) bitmap.writeUInt32LE(value, at);
  bitmap.writeUInt16LE(1, 26);
  bitmap.writeUInt16LE(24, 28);
  for (let at = 54; at < bitmap.length; at++) bitmap[at] = (at * 7 + (at >> 8) * 31) & 255;
  const image = () => new Bun.Image(bitmap);
  bases.push(
    await image().jpeg({ quality: 80 }).bytes(), await image().jpeg({ quality: 60, progressive: true }).bytes(), await image().png().bytes(),
    await image().png({ palette: true, colors: 16 }).bytes(), await image().webp({ quality: 70 }).bytes(), await image().webp({ lossless: true }).bytes(),
  );
});

test(`${rounds} damaged pictures become photos or are refused in a sentence; nothing is thrown, left behind or held in memory`, async () => {
  const random = seededRandom(51);
  const ends = { proven: 0, rejected: 0 };
  let slowest = 0;
  const before = process.memoryUsage().rss;
  const takeIn = async (round: number): Promise<void> => {
    const source = join(folder.path, `source-${round % atOnce}`);
    writeFileSync(source, mutate(bases[round % bases.length]!, random));
    const [target, thumbnail] = [(extension: string) => join(folder.path, `photo-${round % atOnce}.${extension}`), join(folder.path, `thumbnail-${round % atOnce}.webp`)];
    const start = performance.now();
    const cleaned = await cleanPhoto(source, target);
    const proven = cleaned.kind === "rejected" ? cleaned : await provePhoto(cleaned, thumbnail);
    slowest = Math.max(slowest, performance.now() - start);
    const isRejected = "kind" in proven;
    ends[isRejected ? "rejected" : "proven"]++;
    if (isRejected) expect(proven.reason).toMatch(/^This file .{5,200}[.)]$/);
    if (cleaned.kind === "cleaned") await cleaned.part.discard();
    if (existsSync(thumbnail)) unlinkSync(thumbnail);
  };
  for (let round = 0; round < rounds; round += atOnce) {
    await Promise.all(Array.from({ length: Math.min(atOnce, rounds - round) }, (_, index) => takeIn(round + index)));
  }
  expect(Math.min(ends.proven, ends.rejected)).toBeGreaterThan(rounds / 20);
  expect(slowest).toBeLessThan(limitMs);
  expect((process.memoryUsage().rss - before) / 1e6).toBeLessThan(200);
  expect(readdirSync(folder.path).filter((name) => !name.startsWith("source-"))).toEqual([]);
}, 400_000);
