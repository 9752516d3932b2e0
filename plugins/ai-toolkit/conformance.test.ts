import { join } from "node:path";
import { trainingConformance } from "../conformance/training.ts";
import type { PluginSettings } from "../plugin.ts";
import { trainingPresets } from "./presets.ts";
import { trainingBackend } from "./training.ts";

export function simulatorSettings(scenario: string, speed: number): PluginSettings {
  return {
    mode: "fast-test", self: [process.execPath, join(import.meta.dir, "..", "testing-simulate.ts")],
    aiToolkit: { dir: null, python: null }, comfyui: { dir: null, python: null, url: null },
    lorasDir: "/nowhere", baseModel: null, hfTokenFile: null, simulator: { scenario, speed },
  };
}

trainingConformance("ai-toolkit, simulated", {
  create: (scenario, speed) => trainingBackend(simulatorSettings(scenario, speed)),
  values: (steps) => ({
    ...trainingPresets(3)[0]!.values, steps, saveEvery: 10, sampleEvery: 20, sampleSize: 256, resolutions: [512],
    samplePrompts: ["a photo of {trigger}", "{trigger} at the beach"],
  }),
  failing: { scenario: "out-of-memory", code: "vram" },
  garbage: "garbage",
  dies: "die-at-step",
  stubborn: ["ignore-term", "grandchild", "hang"],
});
