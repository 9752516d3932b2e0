import type { Plugin } from "../plugin.ts";
import { backendName, toolVersion } from "./capabilities.ts";
import { trainingBackend } from "./training.ts";

export const aiToolkit: Plugin = {
  name: backendName,
  toolVersion,
  create: (settings) => ({ training: trainingBackend(settings) }),
  simulators: { "ai-toolkit": async (args) => (await import("./simulator/simulate.ts")).simulateAiToolkit(args) },
};
