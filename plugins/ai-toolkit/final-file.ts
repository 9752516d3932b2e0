import { join } from "node:path";
import { readSafetensorsHeader, type SafetensorsHeader } from "../simulation/safetensors.ts";

export interface LoraFile {
  readonly path: string;
  readonly step: number;
  readonly rank: number | null;
  /** As the file says it, for example `flux.1`. */
  readonly baseModel: string;
}

export type LoraCheck = { readonly complete: true; readonly file: LoraFile } | { readonly complete: false; readonly why: string };

/** Reads a checkpoint's header: whole, with tensors, and with the step that it was saved at. */
export function checkLora(path: string): LoraCheck {
  const header = readSafetensorsHeader(path);
  if (!header.valid) return { complete: false, why: header.why };
  if (header.tensors.size === 0) return { complete: false, why: "It holds no tensors." };
  const step = stepOf(header.metadata.training_info);
  if (step === null) return { complete: false, why: "It does not say at which step it was saved." };
  return { complete: true, file: { path, step, rank: rankOf(header), baseModel: header.metadata.ss_base_model_version ?? "" } };
}

/** The file that a finished training leaves: no step in its name. */
export function finalPath(outputDir: string, jobName: string): string {
  return join(outputDir, `${jobName}.safetensors`);
}

/** Checks the final file against the steps that were asked for. */
export function checkFinal(outputDir: string, jobName: string, steps: number): LoraCheck {
  const check = checkLora(finalPath(outputDir, jobName));
  if (check.complete && check.file.step !== steps) {
    return { complete: false, why: `It was saved at step ${check.file.step}, not at step ${steps}.` };
  }
  return check;
}

function stepOf(info: string | undefined): number | null {
  if (info === undefined) return null;
  try {
    const step: unknown = (JSON.parse(info) as { step?: unknown } | null)?.step;
    return typeof step === "number" && Number.isSafeInteger(step) && step >= 0 ? step : null;
  } catch {
    return null;
  }
}

/** The rank is the short side of any `lora_A` matrix. */
function rankOf(header: Extract<SafetensorsHeader, { valid: true }>): number | null {
  for (const [name, tensor] of header.tensors) {
    if (name.endsWith("lora_A.weight")) return tensor.shape[0] ?? null;
  }
  return null;
}
