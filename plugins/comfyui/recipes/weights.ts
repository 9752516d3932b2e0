import { ComfyUnreachable, type ComfyClient } from "../protocol/client.ts";
import type { ModelFiles } from "./graph.ts";
import { listOf, numberOf, recordOf, textOf } from "../protocol/json.ts";

/** How ComfyUI holds the numbers of the model: as in the file, or in 8 bits. */
export type Weights = "default" | "fp8_e4m3fn";

/** Cards of 24 GB tell a little less or more than that. */
const smallGpuBytes = 24.5 * 1024 ** 3;
/** FLUX.1 has 11.9 GB in 8 bits and 23.8 GB in 16. */
const largeFileBytes = 16e9;

/**
 * Diffusion models, as ComfyUI lists them, that leave its GPU no room for anything else. In 16 bits they would be moved in and
 * out of the GPU at each step. Empty where ComfyUI does not tell sizes, and on anything but an NVIDIA or AMD GPU: others lack 8-bit numbers.
 */
export async function tooLargeModels(client: ComfyClient): Promise<ReadonlySet<string>> {
  try {
    const [gpu] = listOf((await client.systemStats())["devices"]).map(recordOf);
    const total = numberOf(gpu?.["vram_total"]);
    if (gpu?.["type"] !== "cuda" || total === null || total <= 0 || total > smallGpuBytes) return new Set();
    const files = (await client.modelFiles("diffusion_models")).map(recordOf);
    return new Set(files.filter((file) => (numberOf(file["size"]) ?? 0) > largeFileBytes).map((file) => plain(textOf(file["name"]))));
  } catch (error) {
    // An instance without this route draws as before; one that is gone is found out by the next request.
    if (error instanceof ComfyUnreachable) return new Set();
    throw error;
  }
}

export function weightsOf(files: ModelFiles, tooLarge: ReadonlySet<string>): Weights {
  return files.kind === "split" && tooLarge.has(plain(files.unet)) ? "fp8_e4m3fn" : "default";
}

/** Windows lists files with backslashes. */
function plain(name: string): string {
  return name.replaceAll("\\", "/");
}
