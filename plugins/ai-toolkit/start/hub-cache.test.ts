import { expect, test } from "bun:test";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../../server/testing/folder.ts";
import { trainingCommand } from "./command.ts";
import { modelPlace } from "./hub-cache.ts";
import { simulatorSettings } from "../testing-settings.ts";

const flux = "black-forest-labs/FLUX.1-dev";
const name = "models--black-forest-labs--FLUX.1-dev";

function put(dir: string, part: string, bytes: number): void {
  mkdirSync(join(dir, name, part), { recursive: true });
  writeFileSync(join(dir, name, part, "file"), "");
  truncateSync(join(dir, name, part, "file"), bytes);
}

/** A pod: the account's cache on one disk, Isengard's data on another. */
function pod(folder: string) {
  const settings = { modelsDir: join(folder, "volume", "models") };
  const env = { XDG_CACHE_HOME: join(folder, "container") };
  const disk = (path: string) => (path.startsWith(join(folder, "volume")) ? 2 : 1);
  return {
    own: join(settings.modelsDir, "huggingface"), standard: join(env.XDG_CACHE_HOME, "huggingface", "hub"),
    place: (more: Record<string, string> = {}, onDisk = disk) => modelPlace(settings, flux, { ...env, ...more }, onDisk)!,
  };
}

test("a model that is still to come goes onto the disk of Isengard's data, and is found there again", () => {
  using folder = temporaryFolder();
  const { place, own } = pod(folder.path);
  expect(place()).toEqual({ cacheDir: own, dir: join(own, name), missingBytes: 33.7e9, isOwn: true });
  put(own, "blobs", 33.6e9);
  expect(place()).toMatchObject({ cacheDir: own, missingBytes: 0, isOwn: true });
});

test("one that is there already is used where it is, and so is a place that the person named", () => {
  using folder = temporaryFolder();
  const { place, standard } = pod(folder.path);
  expect(place({ HF_HOME: "/hf" })).toMatchObject({ cacheDir: "/hf/hub", isOwn: false });
  expect(place({ HF_HUB_CACHE: "/models" })).toMatchObject({ cacheDir: "/models", isOwn: false });
  put(standard, "blobs", 13e9);
  expect(place().isOwn).toBe(true);
  put(standard, "blobs", 33.6e9);
  expect(place()).toMatchObject({ cacheDir: standard, missingBytes: 0, isOwn: false });
});

test("where the data lies on the same disk, the library's own place is shared with other programs", () => {
  using folder = temporaryFolder();
  const { place, standard, own } = pod(folder.path);
  expect(place({}, () => 1)).toMatchObject({ cacheDir: standard, isOwn: false });
  put(own, "blobs", 33.6e9);
  expect(place({}, () => 1)).toMatchObject({ cacheDir: own, missingBytes: 0 });
});

test("files count once, also on a volume that has no links", () => {
  using folder = temporaryFolder();
  const { place, own } = pod(folder.path);
  put(own, "blobs", 13e9);
  mkdirSync(join(own, name, "snapshots", "abc", "vae"), { recursive: true });
  symlinkSync(join(own, name, "blobs", "file"), join(own, name, "snapshots", "abc", "vae", "model.safetensors"));
  expect(place().missingBytes).toBeCloseTo(20.7e9);
  put(own, "snapshots/abc/transformer", 20.5e9);
  expect(place().missingBytes).toBe(0);
});

test("the trainer is told of a place of ours by HF_HUB_CACHE alone, since the person's token lies in HF_HOME", () => {
  using folder = temporaryFolder();
  const given = { ...simulatorSettings("ok", 1), mode: "production" as const, aiToolkit: { dir: "/ai-toolkit", python: "/python" }, modelsDir: folder.path };
  const start = { jobId: "job-1", configPath: "/c.json", attemptDir: "/1" };
  put(join(folder.path, "huggingface"), "blobs", 33.6e9);
  const before = ["HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"].map((key) => [key, process.env[key]] as const);
  for (const [key] of before) delete process.env[key];
  process.env["XDG_CACHE_HOME"] = join(folder.path, "none");
  try {
    const { env } = trainingCommand(given, { ...start, baseModel: flux });
    expect([env.HF_HUB_CACHE, env.HF_HOME]).toEqual([join(folder.path, "huggingface"), undefined]);
    expect(trainingCommand(given, { ...start, baseModel: "/models/flux" }).env.HF_HUB_CACHE).toBeUndefined();
    expect(trainingCommand({ ...given, mode: "fast-test" }, { ...start, baseModel: flux }).env.HF_HUB_CACHE).toBeUndefined();
  } finally {
    for (const [key, value] of before) {
      if (value === undefined) delete process.env[key];
      else process.env[key] = value;
    }
  }
});
