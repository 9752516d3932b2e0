import type { Check } from "../../server/contract/system.ts";
import type { Failure } from "../../server/contract/job.ts";
import type { ImageBackend, ImageHost, ImageJob, ImageOutcome } from "../interfaces/image.ts";
import { ServiceUnavailable, type PluginSettings } from "../plugin.ts";
import { imageCapabilities } from "./capabilities.ts";
import { ComfyClient, ComfyUnreachable } from "./protocol/client.ts";
import { engineFailure, failure } from "./failures/failures.ts";
import { Generation } from "./generation/generation.ts";
import type { LoraUse } from "./recipes/graph.ts";
import { defaultLimits, type GenerationLimits } from "./generation/limits.ts";
import { readLoraHeader } from "./generation/lora.ts";
import { foundVersion, setupChecks } from "./setup.ts";
import { toolVersion } from "./service/version.ts";

export function comfyBackend(settings: PluginSettings, limits: GenerationLimits = defaultLimits): ImageBackend {
  return {
    name: "comfyui",
    capabilities: () => imageCapabilities(toolVersion),
    checks: (): Promise<Check[]> => setupChecks(settings),
    foundVersion: () => foundVersion(settings),
    generate: (job, host) => generate(job, host, limits, settings.comfyui.url !== null),
    releaseMemory: async (url) => {
      try {
        await new ComfyClient(url).free();
      } catch (error) {
        // Not running means that it holds no memory, which is what was asked for.
        if (!(error instanceof ComfyUnreachable)) throw error;
      }
    },
  };
}

async function generate(job: ImageJob, host: ImageHost, limits: GenerationLimits, attached: boolean): Promise<ImageOutcome> {
  try {
    const loras = checkLoras(job, host);
    if (!Array.isArray(loras)) return { kind: "failed", failure: loras };
    return await new Generation(job, host, loras, limits).run();
  } catch (error) {
    if (host.signal.aborted) return { kind: "stopped" };
    if (error instanceof ServiceUnavailable) return { kind: "failed", failure: engineFailure(error.message, error.failure, attached) };
    if (error instanceof ComfyUnreachable) return { kind: "interrupted", why: error.message };
    throw error;
  }
}

/** ComfyUI runs with a LoRA for another model as if nothing were wrong, so the header is read before. */
function checkLoras(job: ImageJob, host: ImageHost): LoraUse[] | Failure {
  const uses: LoraUse[] = [];
  for (const lora of job.loras) {
    const header = readLoraHeader(lora.path);
    if ("why" in header) {
      return { ...failure("corrupt_model", "The picture could not be made.", `The LoRA file of ${lora.name} ${header.why}.`, header.fix), lasting: true };
    }
    if (header.base !== null && header.base !== "FLUX.1") {
      host.warn(`${lora.name} is not for FLUX.1, so it probably changes nothing.`);
    }
    uses.push({ file: lora.fileName, strength: lora.strength, textEncoder: header.textEncoder });
  }
  if (job.model === "flux-schnell" && uses.length > 0) {
    host.warn("LoRAs that were trained for FLUX.1-dev work only partly with FLUX.1-schnell.");
  }
  return uses;
}
