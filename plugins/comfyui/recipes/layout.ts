import type { Failure } from "../../../server/contract/job.ts";
import { failure } from "../failures/failures.ts";
import type { ModelFiles } from "./graph.ts";
import { choicesOf, type NodeClasses } from "../protocol/object-info.ts";

/** The files of a model. Names as their publishers give them on huggingface.co. The first name of each list is the one we tell people to get. */
interface ModelNames {
  readonly label: string;
  readonly checkpoint: readonly RegExp[];
  readonly checkpointFile: string;
  readonly checkpointSource: string;
  readonly unet: readonly RegExp[];
  readonly unetFile: string;
}

const models: Readonly<Record<string, ModelNames>> = {
  "flux-dev": {
    label: "FLUX.1-dev",
    checkpoint: [/^flux1?-dev-fp8$/i, /^flux[._ -]?1?[._ -]?dev(?!.*(fill|redux|canny|depth|kontext))/i],
    checkpointFile: "flux1-dev-fp8.safetensors", checkpointSource: "Comfy-Org/flux1-dev",
    unet: [/^flux1-dev$/i, /^flux1-dev-fp8/i, /^flux[._ -]?1?[._ -]?dev(?!.*(fill|redux|canny|depth|kontext))/i],
    unetFile: "flux1-dev.safetensors",
  },
  "flux-schnell": {
    label: "FLUX.1-schnell",
    checkpoint: [/^flux1?-schnell-fp8$/i, /^flux[._ -]?1?[._ -]?schnell/i],
    checkpointFile: "flux1-schnell-fp8.safetensors", checkpointSource: "Comfy-Org/flux1-schnell",
    unet: [/^flux1-schnell$/i, /^flux[._ -]?1?[._ -]?schnell/i],
    unetFile: "flux1-schnell.safetensors",
  },
};

const clipLNames = [/^clip_l$/i, /clip[_-]?l/i];
const t5Names = [/^t5xxl_fp16$/i, /^t5xxl_fp8_e4m3fn_scaled$/i, /^t5xxl/i, /t5[_-]?xxl/i, /t5[_-]v1[_-]1[_-]xxl/i];
const vaeNames = [/^ae$/i, /^flux.*(vae|ae)$/i, /^flux1?[._ -]?(vae|ae)([._ -](bf16|fp16|fp32))?$/i, /^ae[._ -](bf16|fp16|fp32)$/i];

/**
 * Chooses the files of a model from what this ComfyUI lists. Split files win, since they are what the official graph
 * uses; one checkpoint file is next. Two different files are called flux1-dev-fp8: the folder tells which it is.
 */
export function chooseFiles(model: string, classes: NodeClasses): Choice {
  return chooseFrom(model, listsOf(classes));
}

/** What a ComfyUI offers in each of the loaders that FLUX.1 needs. */
export interface ModelLists {
  readonly unets: readonly string[];
  readonly encoders: readonly string[];
  readonly vaes: readonly string[];
  readonly checkpoints: readonly string[];
}

export type Choice = { readonly ok: true; readonly files: ModelFiles } | { readonly ok: false; readonly failure: Failure };

export function listsOf(classes: NodeClasses): ModelLists {
  return {
    unets: choicesOf(classes, "UNETLoader", "unet_name"),
    encoders: [...choicesOf(classes, "DualCLIPLoader", "clip_name1"), ...choicesOf(classes, "DualCLIPLoader", "clip_name2")],
    vaes: choicesOf(classes, "VAELoader", "vae_name"),
    checkpoints: choicesOf(classes, "CheckpointLoaderSimple", "ckpt_name"),
  };
}

function chooseFrom(model: string, lists: ModelLists): Choice {
  const names = models[model];
  if (!names) return { ok: false, failure: unknownModel(model) };
  const unet = pick(lists.unets, names.unet);
  const clipL = pick(lists.encoders, clipLNames);
  const t5 = pick(lists.encoders, t5Names);
  const vae = pick(lists.vaes, vaeNames);
  if (unet && clipL && t5 && vae) return { ok: true, files: { kind: "split", unet, clipL, t5, vae } };
  const checkpoint = pick(lists.checkpoints, names.checkpoint);
  if (checkpoint) return { ok: true, files: { kind: "checkpoint", checkpoint } };
  return { ok: false, failure: unet ? missingParts(names, { clipL, t5, vae }) : missingModel(names) };
}

/** For the checks: the files of each model that can be used, and what the one that is nearest to it lacks. */
export function usableFiles(lists: ModelLists): { readonly found: readonly string[]; readonly lacks: Failure | null } {
  const choices = Object.keys(models).map((model) => chooseFrom(model, lists));
  const found = choices.flatMap((choice) => (choice.ok ? Object.entries(choice.files).flatMap(([key, file]) => (key === "kind" ? [] : [file])) : []));
  const failures = choices.flatMap((choice) => (choice.ok ? [] : [choice.failure]));
  return { found: [...new Set(found)], lacks: failures.find(({ why }) => why.startsWith("Missing:")) ?? failures[0] ?? null };
}

/** By file name without folder and suffix; only safetensors are taken, other formats can run code when they are read. */
function pick(files: readonly string[], patterns: readonly RegExp[]): string | null {
  const stems = files.filter((file) => /\.(safetensors|sft)$/i.test(file)).map((file) => ({
    file, stem: (file.split(/[\\/]/).at(-1) ?? file).replace(/\.[a-z]+$/i, ""),
  }));
  for (const pattern of patterns) {
    const found = stems.find(({ stem }) => pattern.test(stem));
    if (found) return found.file;
  }
  return null;
}

function missingModel(names: ModelNames): Failure {
  return failure("missing_file", `${names.label} is not installed in ComfyUI.`,
    `ComfyUI lists neither ${names.checkpointFile} in models/checkpoints nor ${names.unetFile} in models/diffusion_models.`,
    `Download ${names.checkpointFile} (17.2 GB) from huggingface.co/${names.checkpointSource} into ComfyUI's folder models/checkpoints. ` +
    "ComfyUI need not be restarted.");
}

function missingParts(names: ModelNames, parts: { clipL: string | null; t5: string | null; vae: string | null }): Failure {
  const missing = [
    parts.clipL ? [] : ["clip_l.safetensors in models/text_encoders (from huggingface.co/comfyanonymous/flux_text_encoders)"],
    parts.t5 ? [] : ["t5xxl_fp8_e4m3fn.safetensors in models/text_encoders (from huggingface.co/comfyanonymous/flux_text_encoders)"],
    parts.vae ? [] : ["ae.safetensors in models/vae (from huggingface.co/Comfy-Org/Lumina_Image_2.0_Repackaged)"],
  ].flat();
  return failure("missing_file", `${names.label} is not complete in ComfyUI.`, `Missing: ${missing.join("; ")}.`,
    "Download the missing files into the folders named above. ComfyUI need not be restarted.");
}

function unknownModel(model: string): Failure {
  return failure("invalid", "The picture could not be made.", `The model ${model} is not known to the ComfyUI backend.`,
    `Choose one of ${Object.keys(models).join(", ")}.`);
}
