import type { ImageCapabilities, Preset, TrainingCapabilities } from "../../server/contract/backend.ts";
import type { Lora } from "../../server/contract/lora.ts";
import type { Output } from "../../server/contract/output.ts";

/** What two small engines say they can do. */
export const testImage: ImageCapabilities = {
  backend: "comfyui", tool: "ComfyUI", toolVersion: "1",
  models: [
    { id: "flux-dev", label: "FLUX.1-dev", defaultSteps: 20, maxSteps: 50, defaultGuidance: 3.5, negativePrompt: false },
    { id: "flux-schnell", label: "FLUX.1-schnell", defaultSteps: 4, maxSteps: 12, defaultGuidance: null, negativePrompt: false, note: "Fast drafts." },
  ],
  aspectRatios: [{ id: "1:1", label: "Square", width: 1024, height: 1024 }, { id: "9:16", label: "Phone", width: 768, height: 1344 }],
  maxCount: 8, maxLoras: 4, strength: { min: 0, max: 2, step: 0.05, default: 0.9 },
  parameters: [
    { name: "steps", label: "Steps", help: "", group: "advanced", type: "int", default: 20, min: 1, max: 50, supported: true },
    { name: "guidance", label: "Guidance", help: "", group: "advanced", type: "float", default: 3.5, min: 0, max: 10, supported: true },
    { name: "negativePrompt", label: "Negative prompt", help: "", group: "advanced", type: "string", default: "", supported: false, reason: "FLUX.1 has none." },
  ],
  features: [{ id: "upscale", label: "Upscale", supported: false, reason: "Not built yet." }],
};

export const testTraining: TrainingCapabilities = {
  backend: "ai-toolkit", tool: "AI-Toolkit", toolVersion: "1", minPhotos: 5,
  baseModels: [{ id: "flux", label: "FLUX.1-dev", gated: true }],
  parameters: [
    { name: "steps", label: "Steps", help: "", group: "basic", type: "int", default: 1000, min: 10, max: 4000, supported: true },
    { name: "sampleEvery", label: "Sample every", help: "", group: "basic", type: "int", default: 200, min: 5, max: 5000, supported: true },
    { name: "samplePrompts", label: "Sample prompts", help: "", group: "basic", type: "stringList", default: [], maxLength: 500, supported: true },
    { name: "faceMask", label: "Face mask", help: "", group: "advanced", type: "bool", default: false, supported: false, reason: "No masks yet." },
  ],
  methods: [{ id: "lora", label: "LoRA", supported: true }, { id: "dora", label: "DoRA", supported: false, reason: "Not confirmed." }],
};

export const testPresets: Preset[] = [
  { id: "quick", label: "Quick", promise: "See if it works.", values: { steps: 800, samplePrompts: ["photo of {trigger}"] } },
  { id: "balanced", label: "Balanced", promise: "A good likeness.", values: { steps: 1500, samplePrompts: ["photo of {trigger}", "{trigger} outside"] } },
];

export function testLora(change: Partial<Lora> = {}): Lora {
  return {
    id: "lora-1", characterId: "chr-1", characterName: "Ada", version: 1, name: "Ada v1", triggerWord: "adalov7", baseModel: "FLUX.1-dev", steps: 1500, photoCount: 14,
    rank: 16, sizeBytes: 1e8, sha256: "ab", simulated: false, missing: false, jobId: "job-1", downloadUrl: "/api/loras/lora-1/download", createdAt: "2026-11-21T10:00:00.000Z", ...change,
  };
}

export function testOutput(number: number, change: Partial<Output> = {}): Output {
  const id = `out-${String(number).padStart(4, "0")}`;
  return {
    id, jobId: "job-g", index: 0, characterId: "chr-1", width: 1024, height: 1024, sizeBytes: 1e6, simulated: false,
    settings: {
      v: 1, job: "job-g", prompt: "adalov7 in a park", model: "flux-dev", loras: [{ id: "lora-1", name: "Ada v1", strength: 0.8 }], seed: 42, steps: 25,
      guidance: 3, width: 768, height: 1344, sampler: "euler", scheduler: "simple", backend: "comfyui",
    },
    url: `/api/outputs/${id}/file`, thumbnailUrl: `/api/outputs/${id}/thumbnail`, createdAt: "2026-11-21T10:00:00.000Z", ...change,
  };
}
