import type { ParameterValues, Preset } from "../../server/contract/backend.ts";
import { defaultPrompts, parameters } from "./parameters.ts";

/** Photos below which a face is learned more carefully, and below which a small rank is enough. */
const fewPhotos = 10;
const smallSet = 15;

/** Quick, Balanced and High quality for this many photos; each has a value for every supported parameter. */
export function trainingPresets(photoCount: number): Preset[] {
  return [
    {
      id: "quick", label: "Quick", promise: "See if it works.",
      values: values({
        steps: within(60 * photoCount, 800, 1200), learningRate: 2e-4, rank: 16, resolutions: [512, 768], ema: false,
        samplePrompts: defaultPrompts(4), sampleSize: 768, sampleSteps: 16,
      }),
    },
    {
      id: "balanced", label: "Balanced", promise: "A good likeness.",
      values: values({
        steps: within(100 * photoCount, 1500, 2500), learningRate: 1e-4, rank: 16, resolutions: [512, 768, 1024], ema: true,
        samplePrompts: defaultPrompts(6), sampleSize: 1024, sampleSteps: 20,
      }),
    },
    {
      id: "high", label: "High quality", promise: "The best we can do.",
      values: values({
        steps: within(130 * photoCount, 2000, 3500), learningRate: photoCount < fewPhotos ? 5e-5 : 1e-4, rank: photoCount < smallSet ? 16 : 32,
        resolutions: [768, 1024], ema: true, samplePrompts: defaultPrompts(8), sampleSize: 1024, sampleSteps: 24,
      }),
    },
  ];
}

function values(own: ParameterValues): ParameterValues {
  const standard = parameters.filter((spec) => spec.supported).map((spec) => [spec.name, spec.default]);
  return { ...Object.fromEntries(standard), ...own };
}

function within(steps: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, steps));
}
