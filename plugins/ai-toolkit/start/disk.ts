import { statSync } from "node:fs";
import type { ParameterValues } from "../../../server/contract/backend.ts";
import type { TrainingDisk, TrainingPlan } from "../../interfaces/training.ts";
import type { PluginSettings } from "../../plugin.ts";
import { modelPlace } from "./hub-cache.ts";

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
  const download = simulated ? null : modelPlace(settings, baseModel);
  return {
    checkpointBytes: trained * bytesPerValue,
    checkpointsKept: times(steps, numberOf(values, "saveEvery")) + 1,
    optimizerBytes: simulated ? simulatedOptimizerBytes : trained * (optimizerBytes[String(values["optimizer"])] ?? 8),
    samples: listOf(values, "samplePrompts").length * (times(steps, numberOf(values, "sampleEvery")) + (values["firstSamples"] === true ? 2 : 1)),
    // JPEG of a photo stays below a byte for each pixel.
    sampleBytes: numberOf(values, "sampleSize") ** 2,
    cacheBytes: photos.reduce((sum, photo) => sum + sizeOf(photo.path), 0) + (simulated ? 0 : cacheBytes(values, photos.length)),
    ...(download === null || download.missingBytes === 0 ? {} : { downloadBytes: download.missingBytes, downloadDir: download.dir }),
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
