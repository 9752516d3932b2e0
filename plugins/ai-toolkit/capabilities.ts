import type { TrainingCapabilities } from "../../server/contract/backend.ts";
import { parameters } from "./parameters.ts";

export const toolVersion = "0.12.26";
export const backendName = "ai-toolkit";
export const defaultBaseModel = "black-forest-labs/FLUX.1-dev";

/** `baseModel`: the local folder or repository id from the settings; null means the public one. */
export function trainingCapabilities(baseModel: string | null): TrainingCapabilities {
  return {
    backend: backendName,
    tool: "AI-Toolkit",
    toolVersion,
    baseModels: [{ id: baseModel ?? defaultBaseModel, label: "FLUX.1-dev", gated: baseModel === null || baseModel === defaultBaseModel }],
    minPhotos: 1,
    parameters,
    methods: [
      { id: "lora", label: "LoRA", supported: true },
      {
        id: "dora", label: "DoRA", supported: false,
        reason: "AI-Toolkit can train it, but it is not confirmed that pictures can be made with the files; a LoRA of rank 32 serves the same need.",
      },
      {
        id: "full", label: "Full fine-tuning", supported: false,
        reason: "It needs far more GPU memory than one card has and makes a model of 24 GB for every person; a LoRA holds one face as well.",
      },
    ],
  };
}
