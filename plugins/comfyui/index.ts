import type { Plugin } from "../plugin.ts";
import { comfyBackend } from "./backend.ts";
import { comfyService } from "./service/service.ts";
import { toolVersion } from "./service/version.ts";

export const comfyui: Plugin = {
  name: "comfyui",
  toolVersion,
  create: (settings) => ({ image: comfyBackend(settings), services: [comfyService(settings)] }),
  simulators: {
    comfyui: async (args) => (await import("./simulator/main.ts")).simulateComfy(args),
  },
};
