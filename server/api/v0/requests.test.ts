import { expect, test } from "bun:test";
import { AppError } from "../../base/errors.ts";
import { oldGeneration } from "./generation-request.ts";
import { oldTraining } from "./training-request.ts";

const newest = (id: string) => ({ "chr-1": "lor-7", "chr-2": null })[id];
const lora = (id: string, strength: number) => [{ id, strength }];

test.each<[body: object, meant: object]>([
  [{ config: { prompt: "a", guidance_scale: 3.5, steps: 20, seed: 0, width: 512, height: 512, negative_prompt: "", use_upscale: false }, count: 2 },
    { prompt: "a", guidance: 3.5, steps: 20, seed: null, width: 512, height: 512, count: 2 }],
  [{ prompt: "a", seed: 0 }, { prompt: "a", seed: 0 }],
  [{ prompt: "a", num_images: 4, aspect_ratio: "1:1", character_id: "chr-1", model_variant: "flux-schnell" }, { prompt: "a", count: 4, aspectRatio: "1:1", characterId: "chr-1", model: "flux-schnell" }],
  [{ prompt: "a", lora_id: "lor-1" }, { prompt: "a", loras: lora("lor-1", 0.8) }],
  [{ config: { prompt: "a", lora_id: "lor-1", lora_strength: 1.2 } }, { prompt: "a", loras: lora("lor-1", 1.2) }],
  [{ config: { prompt: "a", lora_id: null, lora_strength: 1 } }, { prompt: "a" }],
  [{ config: { prompt: "a", lora_id: "chr-1" } }, { prompt: "a", characterId: "chr-1", loras: lora("lor-7", 0.8) }],
  [{ config: { prompt: "a", character_id: "chr-1", lora_strength: 1 } }, { prompt: "a", characterId: "chr-1", loras: lora("lor-7", 1) }],
  [{ config: { prompt: "a", character_id: "chr-9" } }, { prompt: "a", characterId: "chr-9" }],
  [{ prompt: "a", quality: "Standard", features: [], method: 1 }, { prompt: "a", method: 1 }],
  [{ prompt: "a", features: { upscale: false }, negativePrompt: null }, { prompt: "a" }],
])("the earlier request %j for pictures means the same here", (body, meant) => {
  expect(oldGeneration(body, newest)).toEqual(meant);
});

test.each<[body: object, field: string, words: string]>([
  [{ prompt: "a", negative_prompt: "b" }, "negative_prompt", "FLUX.1 has no negative prompt"], [{ prompt: "a", negativePrompt: "b" }, "negativePrompt", "FLUX.1 has no negative prompt"],
  [{ config: { prompt: "a", use_upscale: true } }, "use_upscale", "not built yet"], [{ prompt: "a", use_controlnet: true }, "use_controlnet", "not built"],
  [{ prompt: "a", use_ipadapter: true }, "use_ipadapter", "not built"], [{ prompt: "a", use_facedetailer: 1 }, "use_facedetailer", "not built"],
  [{ prompt: "a", features: ["upscale"] }, "features", "/api/info"], [{ prompt: "a", quality: "high" }, "quality", "width and height"],
  [{ prompt: "a", cfg_scale: 7 }, "cfg_scale", "guidance"], [{ prompt: "a", sampler: "euler" }, "sampler", "cannot be chosen"], [{ prompt: "a", batch_size: 2 }, "batch_size", "count"],
  [{ config: { prompt: "a", character_id: "chr-2" } }, "character_id", "train one first"],
  [{ prompt: "a", lora_strength: 1 }, "lora_strength", "lora_id"], [{ prompt: "a", lora_id: "x", loras: [] }, "lora_id", "either"],
  [{ prompt: "a", count: 1, num_images: 2 }, "num_images", "earlier name of count"], [{ prompt: "a", config: { prompt: "b" } }, "prompt", "in its config"],
])("what %j asks for cannot be had and is refused by name", (body, field, words) => {
  expect(refusalOf(() => oldGeneration(body, newest))).toMatchObject({ fields: [{ path: field, message: expect.stringContaining(words) }] });
});

test.each<[body: object, meant: object]>([
  [{ character_id: "c", preset_name: "Quick Train", base_model: "flux-dev", config: { method: "lora", steps: 500, learning_rate: 2e-4, lora_rank: 8, resolution: 768, batch_size: 1, precision: "bf16" } },
    { characterId: "c", preset: "quick", values: { steps: 500, learningRate: 2e-4, rank: 8, resolutions: [768], batchSize: 1 } }],
  [{ character_id: "c", preset_name: "High Quality" }, { characterId: "c", preset: "High Quality" }],
  [{ characterId: "c", preset_name: null, method: "LoRA" }, { characterId: "c" }], [{ characterId: "c", preset: null, method: null }, { characterId: "c", preset: null, method: null }],
  [{ characterId: "c", config: { sample_every_n_steps: 100, sample_prompts: ["a"], checkpoint_every_n_steps: 250, scheduler: "cosine", max_checkpoints: null } },
    { characterId: "c", values: { sampleEvery: 100, samplePrompts: ["a"], saveEvery: 250, lrScheduler: "cosine" } }],
])("the earlier request %j to train means the same here", (body, meant) => {
  expect(oldTraining(body)).toEqual(meant);
});

test.each<[body: object, field: string, words: string]>([
  [{ characterId: "c", config: { method: "full_finetune" } }, "method", "must be lora"],
  [{ characterId: "c", base_model: "sdxl" }, "base_model", "FLUX.1-dev only"], [{ characterId: "c", baseModel: 7 }, "baseModel", "FLUX.1-dev only"],
  [{ characterId: "c", config: { max_checkpoints: 2 } }, "max_checkpoints", "every checkpoint is kept"], [{ characterId: "c", values: { sample_count: 3 } }, "sample_count", "samplePrompts"],
  [{ characterId: "c", values: { precision: "fp32" } }, "precision", "bf16"], [{ characterId: "c", values: { network_alpha: 8 } }, "network_alpha", "rank"],
  [{ characterId: "c", values: { learning_rate: 1, learningRate: 2 } }, "learning_rate", "earlier name of learningRate"],
  [{ characterId: "c", values: { resolution: 512, resolutions: [512] } }, "resolution", "earlier name"], [{ characterId: "c", config: {}, values: {} }, "config", "earlier name of values"],
])("a training as %j asks for it is refused by name", (body, field, words) => {
  expect(refusalOf(() => oldTraining(body))).toMatchObject({ fields: [{ path: field, message: expect.stringContaining(words) }] });
});

test("what is no object is left for the check", () => {
  for (const body of [1, null, "a", [1]]) expect([oldGeneration(body, newest), oldTraining(body)]).toEqual([body, body]);
});

function refusalOf(run: () => unknown): AppError {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}
