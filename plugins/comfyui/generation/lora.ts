import { readSafetensors } from "../../../server/formats/safetensors.ts";
import type { ComfyClient } from "../protocol/client.ts";

/** What the header of a LoRA file tells. `base` is null where the names fit no model that we know. */
export interface LoraHeader {
  readonly base: "FLUX.1" | "FLUX.2" | "Stable Diffusion" | "Qwen-Image" | "Wan" | "Z-Image" | null;
  readonly textEncoder: boolean;
  readonly names: readonly string[];
  readonly metadata: ReadonlyMap<string, string>;
}

const flux1SingleBlocks = 38;
const flux1DoubleBlocks = 19;

/** The file is missing, damaged or no LoRA: `why` finishes the sentence "The file …". */
export interface LoraProblem {
  readonly why: string;
  readonly fix: string;
}

/** Reads only the header. */
export function readLoraHeader(path: string): LoraHeader | LoraProblem {
  const result = readSafetensors(path);
  if (result.kind === "invalid") return { why: result.why, fix: result.fix };
  const { tensors, metadata } = result.header;
  if (tensors.size === 0) return { why: "has no tensors", fix: "Train the character again." };
  const names = [...tensors.keys()];
  return { base: baseOf(names), textEncoder: names.some((name) => textEncoderKey.test(name)), names, metadata };
}

const textEncoderKey = /(^|[._])(lora_te\d?|text_encoders?|text_model|clip_[lg])[._]/;

/** Block names of each model family. Source: the key maps of ComfyUI 0.33.0, `comfy/lora.py`. */
function baseOf(names: readonly string[]): LoraHeader["base"] {
  const highest = (pattern: RegExp) => Math.max(-1, ...names.map((name) => Number(pattern.exec(name)?.[1] ?? -1)));
  const single = highest(/single_(?:transformer_)?blocks[._](\d+)/);
  const double = highest(/(?:double_blocks|(?<!single_)transformer_blocks)[._](\d+)/);
  if (names.some((name) => /(input|output|middle|down|up|mid)_blocks?[._]/.test(name))) return "Stable Diffusion";
  if (single >= flux1SingleBlocks) return "FLUX.2";
  if (single >= 0) return "FLUX.1";
  if (double >= flux1DoubleBlocks) return "Qwen-Image";
  if (names.some((name) => /double_blocks[._]/.test(name))) return "FLUX.1";
  if (names.some((name) => /blocks[._]\d+[._](cross|self)_attn/.test(name))) return "Wan";
  if (names.some((name) => /(context|noise)_refiner/.test(name))) return "Z-Image";
  return null;
}

/** Where ComfyUI's log ended at a moment; its own clock, so a machine elsewhere does not matter. */
export async function logMark(client: ComfyClient): Promise<string | null> {
  try {
    return (await client.logEntries()).at(-1)?.time ?? "";
  } catch {
    // The route is internal to ComfyUI and may vanish; then this check is left out.
    return null;
  }
}

/** How many tensors ComfyUI could not place since the mark: the only trace of a LoRA for another model (ComfyUI 0.33.0, `comfy/lora.py`: one warning for each). */
export async function unplacedTensors(client: ComfyClient, mark: string | null): Promise<number> {
  if (mark === null) return 0;
  try {
    const lines = (await client.logEntries()).filter((entry) => entry.time > mark).map((entry) => entry.text);
    return countUnplaced(lines);
  } catch {
    // As above: a missing log is no reason to fail a picture that is already there.
    return 0;
  }
}

/** Text-encoder tensors do not count: with a loader for the model only they are reported although all is well. */
export function countUnplaced(lines: readonly string[]): number {
  return lines.flatMap((line) => [...line.matchAll(/(?:lora key not loaded: |ERROR lora (?=\S+ shape .{1,200} is invalid))(\S+)/g)])
    .filter((match) => !textEncoderKey.test(match[1] ?? "")).length;
}
