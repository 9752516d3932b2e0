import { join } from "node:path";
import { rankOf, readSafetensors } from "../../../server/formats/safetensors.ts";

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
  const result = readSafetensors(path);
  if (result.kind === "invalid") return { complete: false, why: `It ${result.why}.` };
  const { metadata, tensors } = result.header;
  if (tensors.size === 0) return { complete: false, why: "It holds no tensors." };
  const step = stepOf(metadata.get("training_info"));
  if (step === null) return { complete: false, why: "It does not say at which step it was saved." };
  return { complete: true, file: { path, step, rank: rankOf(tensors), baseModel: metadata.get("ss_base_model_version") ?? "" } };
}

/** The file that a finished training leaves: no step in its name. */
function finalPath(outputDir: string, jobName: string): string {
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
