import { expect, test } from "bun:test";
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../../server/testing/folder.ts";
import { fluxShape, loraValues, simulatedShape, trainingDisk } from "./disk.ts";
import { trainingPresets } from "../presets.ts";
import { tensorsOf } from "../simulator/checkpoints.ts";
import { simulatorSettings } from "../testing-settings.ts";

const gb = 1e9;
const values = (change: Record<string, unknown> = {}) => ({ ...trainingPresets(12).find(({ id }) => id === "balanced")!.values, ...change });
const real = { ...simulatorSettings("ok", 1), mode: "production" as const };
const local = { baseModel: "/models/flux", photos: [] };

test("a FLUX.1 LoRA has the size that AI-Toolkit's files have, by its rank", () => {
  // Files of rank 16 that AI-Toolkit saved have 171.9 MB.
  expect(trainingDisk(real, { ...local, values: values({ rank: 16 }) }).checkpointBytes / 1e6).toBeCloseTo(171.8, 0);
  expect(trainingDisk(real, { ...local, values: values({ rank: 32 }) }).checkpointBytes / 1e6).toBeCloseTo(343.7, 0);
});

test("the sum over the layers is the one of the tensors that are really saved", () => {
  for (const rank of [1, 16]) {
    const saved = tensorsOf(rank).reduce((sum, { shape }) => sum + shape.reduce((product, side) => product * side, 1), 0);
    expect(loraValues(simulatedShape) * rank).toBe(saved);
  }
  expect(loraValues(fluxShape)).toBe(5_369_856);
});

test("saves, samples and the optimizer count as the job will make them", () => {
  const disk = trainingDisk(real, { ...local, values: values({ steps: 1000, saveEvery: 250, sampleEvery: 500, samplePrompts: ["a", "b", "c"], rank: 16, optimizer: "adamw" }) });
  expect([disk.checkpointsKept, disk.samples, disk.optimizerBytes / disk.checkpointBytes]).toEqual([5, 12, 4]);
  expect(trainingDisk(real, { ...local, values: values({ optimizer: "prodigy" }) }).optimizerBytes).toBeGreaterThan(disk.optimizerBytes);
  expect(disk.downloadBytes).toBeUndefined();
});

test("photos and latents are counted once for each photo, captions twice", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "a.jpg");
  writeFileSync(path, Buffer.alloc(1000));
  const one = trainingDisk(real, { ...local, photos: [{ path }], values: values({ resolutions: [512], cacheTextEmbeddings: false }) }).cacheBytes!;
  expect(one).toBe(1000 + 16 * 64 * 64 * 2);
  // Twelve photos left 97 MB of cached captions with the real program: each has its caption and the one for dropped captions.
  const cached = trainingDisk(real, { ...local, photos: [{ path }], values: values({ resolutions: [512], cacheTextEmbeddings: true }) }).cacheBytes!;
  expect((12 * (cached - one)) / 1e6).toBeCloseTo(100.7, 0);
  expect(trainingDisk(real, { ...local, photos: [{ path }, { path }], values: values({ resolutions: [512], cacheTextEmbeddings: false }) }).cacheBytes).toBe(2 * one);
});

test("what is missing of the base model is a download, into the folder that Hugging Face's library uses", () => {
  using folder = temporaryFolder();
  const before = process.env["HF_HUB_CACHE"];
  process.env["HF_HUB_CACHE"] = folder.path;
  try {
    const plan = { baseModel: "black-forest-labs/FLUX.1-dev", photos: [], values: values() };
    const dir = join(folder.path, "models--black-forest-labs--FLUX.1-dev");
    expect(trainingDisk(real, plan)).toMatchObject({ downloadBytes: 33_700_000_000, downloadDir: dir });
    mkdirSync(join(dir, "blobs"), { recursive: true });
    writeFileSync(join(dir, "blobs", "half"), "");
    truncateSync(join(dir, "blobs", "half"), 13_700_000_000);
    expect(trainingDisk(real, plan).downloadBytes! / gb).toBeCloseTo(20, 1);
    truncateSync(join(dir, "blobs", "half"), 33_500_000_000);
    expect(trainingDisk(real, plan).downloadBytes).toBeUndefined();
    expect(trainingDisk(simulatorSettings("ok", 1), plan).downloadBytes).toBeUndefined();
  } finally {
    if (before === undefined) delete process.env["HF_HUB_CACHE"];
    else process.env["HF_HUB_CACHE"] = before;
  }
});
