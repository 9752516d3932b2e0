import { setDefaultTimeout } from "bun:test";
import { join } from "node:path";
import { describeImageBackend } from "../conformance/image.ts";
import { comfyui } from "./index.ts";

// Real processes on a busy machine need more than the usual five seconds.
setDefaultTimeout(30_000);

const entry = join(import.meta.dir, "..", "..", "server", "main.ts");

describeImageBackend({
  name: "comfyui",
  service: "comfyui",
  failing: { scenario: "out-of-memory", code: "vram" },
  garbage: "garbage",
  create: (scenario, { lorasDir }) => {
    const parts = comfyui.create({
      mode: "fast-test", self: [process.execPath, entry], aiToolkit: { dir: null, python: null }, comfyui: { dir: null, python: null, url: null },
      lorasDir, modelsDir: "/nowhere", baseModel: null, hfTokenFile: null, simulator: { scenario, speed: 8 },
    });
    if (!parts.image) throw new Error("The plugin has no image backend.");
    return { backend: parts.image, services: parts.services ?? [] };
  },
});
