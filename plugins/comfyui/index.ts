import type { Plugin } from "../plugin.ts";
import { comfyBackend } from "./backend.ts";
import { comfyService } from "./service.ts";
import { toolVersion } from "./version.ts";

export const comfyui: Plugin = {
  name: "comfyui",
  toolVersion,
  create: (settings) => ({ image: comfyBackend(settings), services: [comfyService(settings)] }),
  simulators: {
    comfyui: async (args) => (await import("./simulator/main.ts")).simulateComfy(args),
  },
};
