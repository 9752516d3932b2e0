import { join } from "node:path";
import type { PluginSettings } from "../plugin.ts";

/** Settings of a fast-test server whose simulator runs as a script. */
export function simulatorSettings(scenario: string, speed: number): PluginSettings {
  return {
    mode: "fast-test", self: [process.execPath, join(import.meta.dir, "..", "testing-simulate.ts")],
    aiToolkit: { dir: null, python: null }, comfyui: { dir: null, python: null, url: null },
    lorasDir: "/nowhere", modelsDir: "/nowhere", baseModel: null, hfTokenFile: null, simulator: { scenario, speed },
  };
}
