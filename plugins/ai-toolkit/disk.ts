import { readdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { ParameterValues } from "../../server/contract/backend.ts";
import type { TrainingDisk, TrainingPlan } from "../interfaces/training.ts";
import type { PluginSettings } from "../plugin.ts";

interface Shape {
  readonly width: number;
  /** Blocks with a stream for the picture and one for the text, and blocks with one stream for both. */
  readonly doubleBlocks: number;
  readonly singleBlocks: number;
}

export const fluxShape: Shape = { width: 3072, doubleBlocks: 19, singleBlocks: 38 };
export const simulatedShape: Shape = { width: 64, doubleBlocks: 1, singleBlocks: 1 };

/** The model is saved as float16. */
const bytesPerValue = 2;
/** Kept in `optimizer.pt` for each value that is trained: two moments in 8 bits or in 32, Prodigy four tensors. */
const optimizerBytes: Readonly<Record<string, number>> = { adamw8bit: 2, adamw: 8, adafactor: 1, prodigy: 16 };
const simulatedOptimizerBytes = 8192;
/** FLUX.1-dev as the toolkit loads it: transformer 23.8, T5 9.5, CLIP 0.2, VAE 0.2 GB. */
const fluxDownloadBytes = 33.7e9;
/** Parts of the repository that are not loaded may be missing, and sizes differ a little between revisions. */
const complete = 0.97;
/** T5 gives 512 tokens of 4096 values, CLIP one of 768; stored as 16 bit. */
const captionCacheBytes = (512 * 4096 + 768) * 2;
/** For each photo its caption, and what stands in for it in a step that drops captions. */
const captionCaches = 2;
const latentChannels = 16;
const pixelsPerLatent = 8;

/** What a training is going to write. Values that are missing count as nothing; the config refuses such a job later. */
export function trainingDisk(settings: PluginSettings, plan: TrainingPlan): TrainingDisk {
  const simulated = settings.mode === "fast-test";
  const { values, photos, baseModel } = plan;
  const trained = loraValues(simulated ? simulatedShape : fluxShape) * numberOf(values, "rank");
  const steps = numberOf(values, "steps");
  const download = simulated ? null : missingDownload(baseModel);
  return {
    checkpointBytes: trained * bytesPerValue,
    checkpointsKept: times(steps, numberOf(values, "saveEvery")) + 1,
    optimizerBytes: simulated ? simulatedOptimizerBytes : trained * (optimizerBytes[String(values["optimizer"])] ?? 8),
    samples: listOf(values, "samplePrompts").length * (times(steps, numberOf(values, "sampleEvery")) + (values["firstSamples"] === true ? 2 : 1)),
    // JPEG of a photo stays below a byte for each pixel.
    sampleBytes: numberOf(values, "sampleSize") ** 2,
    cacheBytes: photos.reduce((sum, photo) => sum + sizeOf(photo.path), 0) + (simulated ? 0 : cacheBytes(values, photos.length)),
    ...(download === null ? {} : { downloadBytes: download.bytes, downloadDir: download.dir }),
  };
}

/** How many values a LoRA of rank 1 has: for each layer of the transformer as many as its input and its output together. */
export function loraValues({ width, doubleBlocks, singleBlocks }: Shape): number {
  // Attention of three layers, modulation to 3 widths, the feed-forward to 4 and back from 5.
  const single = 3 * (1 + 1) + (1 + 3) + (1 + 4) + (5 + 1);
  // Attention of eight layers; for both streams the feed-forward to 4 and back, and the modulation to 6 widths.
  const double = 8 * (1 + 1) + 2 * ((1 + 4) + (4 + 1)) + 2 * (1 + 6);
  return width * (singleBlocks * single + doubleBlocks * double);
}

function cacheBytes(values: ParameterValues, photoCount: number): number {
  const latents = listOf(values, "resolutions").map((size) => latentChannels * (Number(size) / pixelsPerLatent) ** 2 * bytesPerValue);
  const captions = values["cacheTextEmbeddings"] === true ? captionCacheBytes * captionCaches : 0;
  return photoCount * (latents.reduce((sum, bytes) => sum + bytes, 0) + captions);
}

/** What of a base model is not on this machine yet, and where it is put; null: nothing, or it is a folder. */
export function missingDownload(baseModel: string): { bytes: number; dir: string } | null {
  if (isAbsolute(baseModel)) return null;
  const dir = join(hubFolder(process.env), `models--${baseModel.replaceAll("/", "--")}`);
  const present = namesIn(join(dir, "blobs")).reduce((sum, name) => sum + sizeOf(join(dir, "blobs", name)), 0);
  return present >= fluxDownloadBytes * complete ? null : { bytes: fluxDownloadBytes - present, dir };
}

/** As huggingface_hub looks for it, by the variables that the child inherits. */
function hubFolder(env: Readonly<Record<string, string | undefined>>): string {
  const cache = env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return env["HF_HUB_CACHE"] ?? join(env["HF_HOME"] ?? join(cache, "huggingface"), "hub");
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return []; // not made yet: nothing was downloaded
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function times(steps: number, every: number): number {
  return every > 0 ? Math.floor(steps / every) : 0;
}

function numberOf(values: ParameterValues, name: string): number {
  const value = values[name];
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

function listOf(values: ParameterValues, name: string): readonly unknown[] {
  const value = values[name];
  return Array.isArray(value) ? value : [];
}
