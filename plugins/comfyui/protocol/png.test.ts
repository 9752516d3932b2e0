import { expect, test } from "bun:test";
import { deflateSync } from "node:zlib";
import { asciiJson, pngSize, readPngText, withPngText, writePng } from "./png.ts";
import { withSettings } from "../generation/collect.ts";

function picture(): Uint8Array {
  const header = Buffer.from([0, 0, 0, 2, 0, 0, 0, 3, 8, 0, 0, 0, 0]);
  return writePng([
    { type: "IHDR", data: header }, { type: "IDAT", data: deflateSync(Buffer.alloc(9)) }, { type: "IEND", data: Buffer.alloc(0) },
  ]);
}

test("text that is written is read back, and the picture still decodes", async () => {
  const bytes = withPngText(picture(), new Map([["isengard", asciiJson({ prompt: "größe 😀" })]]));
  expect(JSON.parse(readPngText(bytes).get("isengard") ?? "")).toEqual({ prompt: "größe 😀" });
  expect(pngSize(bytes)).toEqual({ width: 2, height: 3 });
  expect((await new Bun.Image(bytes).metadata()).width).toBe(2);
});

test("text of the same key is replaced, other text is kept", () => {
  const first = withPngText(picture(), new Map([["isengard", "old"], ["prompt", "kept"]]));
  const texts = readPngText(withPngText(first, new Map([["isengard", "new"]])));
  expect([...texts].sort()).toEqual([["isengard", "new"], ["prompt", "kept"]]);
});

test("settings are put in once and not again", () => {
  const settings = {
    v: 1, job: "job-x", prompt: "p", model: "flux-dev", loras: [], seed: 1, steps: 20, guidance: 3.5, width: 2, height: 3,
    sampler: "euler", scheduler: "simple", backend: "comfyui",
  } as const;
  const once = withSettings(picture(), { ...settings, loras: [] });
  expect(withSettings(once, { ...settings, loras: [] })).toBe(once);
  expect(JSON.parse(readPngText(once).get("isengard") ?? "")).toEqual(settings);
});

test("a cut file and a file of another kind are refused with a sentence", () => {
  expect(() => readPngText(picture().subarray(0, 40))).toThrow("This PNG picture ends in the middle.");
  expect(() => readPngText(Buffer.from("GIF89a"))).toThrow("This file is not a PNG picture.");
});
