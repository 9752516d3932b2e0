import type { ParameterValues } from "../../../server/contract/backend.ts";

const size = String.raw`([\d.]+ [KMGT]iB)`;
const wanted = new RegExp(`Tried to allocate ${size}`);
const capacity = new RegExp(`total capacity of ${size} of which ${size} is free`);
const used = new RegExp(`this process has ${size} memory in use`, "i");

/** What PyTorch measured when GPU memory ran out, as a sentence; "" where it printed no numbers. */
export function measuredMemory(text: string): string {
  const want = wanted.exec(text)?.[1];
  const [, total, free] = capacity.exec(text) ?? [];
  const own = used.exec(text)?.[1];
  if (total === undefined) return want === undefined ? "" : `It wanted ${want} more.`;
  const more = want === undefined ? "" : `It wanted ${want} more; `;
  return `${more}${own === undefined ? "" : `${own} were in use by the training, `}${free} of ${total} were free.`;
}

const smallestPhotos = 512;
const calmSample = 768;

/**
 * The one setting that frees most and costs least with these values. `low_vram` is none of them: for FLUX.1 it only keeps the
 * transformer outside the GPU while it is made 8-bit (AI-Toolkit 0.12.26), so it changes nothing during the steps.
 */
export function memoryAdvice(values: ParameterValues): string {
  const sizes = Array.isArray(values.resolutions) ? values.resolutions.filter((each) => typeof each === "number") : [];
  const largest = Math.max(0, ...sizes);
  const { quantize, gradientCheckpointing, batchSize, sampleSize } = values;
  if (quantize === false) return "Turn on the 8-bit model";
  if (gradientCheckpointing === false) return "Turn on gradient checkpointing";
  if (typeof batchSize === "number" && batchSize > 1) return `Train one photo per step instead of ${batchSize}`;
  if (largest > smallestPhotos && sizes.length > 1) return `Leave out the photo size ${largest}`;
  if (typeof sampleSize === "number" && sampleSize > calmSample) return `Make the sample pictures ${calmSample} px large instead of ${sampleSize}`;
  if (values.layerOffloading !== true) return "Turn on layer offloading, which is slower";
  return "Use a GPU with more memory";
}
