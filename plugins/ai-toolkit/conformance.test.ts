import { trainingConformance } from "../conformance/training.ts";
import { trainingPresets } from "./presets.ts";
import { simulatorSettings } from "./testing-settings.ts";
import { trainingBackend } from "./training.ts";

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
