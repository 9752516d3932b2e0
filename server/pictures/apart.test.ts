import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../testing/folder.ts";
import { openLibrary } from "../testing/library.ts";
import { waitFor } from "../testing/wait.ts";
import { Slots } from "./slots.ts";
import { PictureFault } from "./strip-plan.ts";
import { pngChunk } from "./strip-png.ts";
import { decodeApart, decodeLimits, type DecodeTask } from "./apart.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());

/** Each of its 36 million colours has to be turned: many seconds of work in some hundred kilobytes. */
let slow: Uint8Array;
const slowFile = join(folder.path, "slow.png");
const quickFile = join(folder.path, "quick.png");
beforeAll(async () => {
  const side = 6000;
  const row = Buffer.alloc(Math.ceil((side * 3) / 4) * 4);
  for (let at = 0; at < row.length; at++) row[at] = (at * 7) & 255;
  const head = Buffer.alloc(54);
  head.write("BM", 0, "latin1");
  for (const [at, value] of [[2, 54 + row.length * side], [10, 54], [14, 40], [18, side], [22, side]] as const) head.writeUInt32LE(value, at);
  head.writeUInt16LE(1, 26);
  head.writeUInt16LE(24, 28);
  const bitmap = Buffer.concat([head, ...Array.from({ length: side }, () => row)]);
  const inP3 = (png: Uint8Array) => Buffer.concat([png.subarray(0, 33), pngChunk("cICP", new Uint8Array([12, 13, 0, 1])), png.subarray(33)]);
  slow = inP3(await new Bun.Image(bitmap).png({ compressionLevel: 1 }).bytes());
  await Bun.write(slowFile, slow);
  await Bun.write(quickFile, inP3(await new Bun.Image(bitmap).resize(80, 80).png().bytes()));
}, 60_000);

const task = (path: string, name: string): DecodeTask => ({ kind: "plain", path, format: "png", orientation: 1, target: join(folder.path, name) });

/** Processes of this program that decode `path`. */
function decoders(path: string): number[] {
  return readdirSync("/proc").map(Number).filter((pid) => {
    try {
      const words = pid > 0 ? readFileSync(`/proc/${pid}/cmdline`, "utf8") : "";
      return words.includes('\0decode\0{"kind"') && words.includes(path);
    } catch {
      return false; // it ended while we looked
    }
  });
}

/** It comes to no end of its own from then on. */
async function freeze(path: string): Promise<void> {
  process.kill(await waitFor("it is being decoded", () => decoders(path)[0], 30_000), "SIGSTOP");
}

test("a picture that takes too long is ended and refused with a way out, and the next one gets its place", async () => {
  const slots = new Slots(2);
  const first = slots.run(2, () => decodeApart(task(slowFile, "late"), undefined, { ...decodeLimits, timeMs: 3000 })).catch((error: unknown) => error);
  const next = slots.run(2, () => decodeApart(task(quickFile, "next")));
  await freeze(slowFile);
  const fault = (await first) as PictureFault;
  expect(fault).toBeInstanceOf(PictureFault);
  expect([fault.code, fault.message]).toEqual(["too_large", expect.stringMatching(/^takes longer than 3 seconds to read, the limit .* Make it smaller, or save it again/)]);
  expect(decoders(slowFile)).toEqual([]);
  expect(await next).toMatchObject({ format: "png", changes: [{ code: "colours" }] });
  expect(existsSync(join(folder.path, "next"))).toBe(true);
}, 60_000);

test("a picture that needs too much memory is refused with a way out", async () => {
  const fault = await decodeApart(task(slowFile, "large"), undefined, { ...decodeLimits, memoryBytes: 150_000_000 }).catch((error: unknown) => error as PictureFault);
  expect(fault).toMatchObject({ code: "too_large", message: expect.stringContaining("150 MB") });
}, 60_000);

test("a picture that no decoder takes is said as such", async () => {
  const path = join(folder.path, "broken.png");
  await Bun.write(path, slow.subarray(0, 2000));
  expect(await decodeApart(task(path, "broken")).catch((error: unknown) => error)).toMatchObject({ code: "ERR_IMAGE_DECODE_FAILED" });
}, 60_000);

test("a sender who leaves frees the place of the photo at once, and nothing of it is left", async () => {
  using library = openLibrary();
  const { id } = library.characters.create({ name: "Ada" });
  const [large, small] = [join(library.paths.uploads, "large"), join(library.paths.uploads, "small")];
  await Bun.write(large, slow);
  await Bun.write(small, Bun.file(quickFile));
  const leaving = new AbortController();
  const added = library.photos.add(id, "large.png", large, leaving.signal).catch((error: unknown) => error);
  const next = library.photos.add(id, "small.png", small);
  await freeze(library.paths.photos);
  leaving.abort(new Error("left"));
  expect(await added).toMatchObject({ message: "left" });
  expect(decoders(library.paths.photos)).toEqual([]);
  expect(await next).toMatchObject({ kind: "added" });
  expect(library.photos.list(id).map(({ originalName }) => originalName)).toEqual(["small.png"]);
  await library.erase();
  expect(readdirSync(join(library.paths.photos, id))).toHaveLength(1);
}, 60_000);

test("a decoding ends with the process that asked for it", async () => {
  const code = `import { decodeApart } from ${JSON.stringify(join(import.meta.dir, "apart.ts"))}; await decodeApart(${JSON.stringify(task(slowFile, "orphan"))});`;
  const parent = Bun.spawn([process.execPath, "-e", code], { stdio: ["ignore", "ignore", "ignore"] });
  await waitFor("it is being decoded", () => decoders("orphan").length === 1, 30_000);
  parent.kill("SIGKILL");
  await parent.exited;
  await waitFor("the decoding has ended", () => decoders("orphan").length === 0, 30_000);
  // What it was to make, as it would be had it come to its end.
  const target = join(folder.path, "orphan");
  expect(existsSync(target) && readFileSync(target).subarray(1, 4).toString()).not.toBe("PNG");
}, 60_000);
