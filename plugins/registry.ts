import type { Plugin } from "./plugin.ts";
import { comfyui } from "./comfyui/index.ts";

/** Every tool that this program knows. A new one is added here and nowhere else. */
export const plugins: readonly Plugin[] = [comfyui];

/** Roles `isengard simulate <name> …` of all plugins. */
export const simulators: Plugin["simulators"] = Object.assign({}, ...plugins.map((plugin) => plugin.simulators)) as Plugin["simulators"];
