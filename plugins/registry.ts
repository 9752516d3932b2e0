import type { Plugin } from "./plugin.ts";
import { aiToolkit } from "./ai-toolkit/index.ts";
import { comfyui } from "./comfyui/index.ts";

/** Every tool that this program knows. A new one is added here and nowhere else. */
export const plugins: readonly Plugin[] = [aiToolkit, comfyui];

/** Roles `isengard simulate <name> …`: those of all plugins, and nvidia-smi, which no plugin owns. */
export const simulators: Plugin["simulators"] = {
  ...(Object.assign({}, ...plugins.map((plugin) => plugin.simulators)) as Plugin["simulators"]),
  "nvidia-smi": async (args) => (await import("./nvidia-smi/simulator.ts")).simulateNvidiaSmi(args),
};
