import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { loraFoldersOf } from "../service/models-yaml.ts";
import objectInfo from "./object-info.json";
import type { ComfyArguments } from "./arguments.ts";

/** As `/object_info` shows a class; the file lists are filled in on each request. */
export interface ClassInfo {
  readonly input: Readonly<Record<string, Readonly<Record<string, readonly unknown[] | string>>>>;
  readonly output: readonly string[];
  readonly output_node: boolean;
  readonly [key: string]: unknown;
}

/** Files that a complete FLUX.1 installation has; LoRAs are read from the disk. */
const modelFiles: Readonly<Record<string, readonly string[]>> = {
  checkpoints: ["flux1-dev-fp8.safetensors", "flux1-schnell-fp8.safetensors"],
  diffusion_models: ["flux1-dev.safetensors"],
  text_encoders: ["clip_l.safetensors", "t5xxl_fp8_e4m3fn.safetensors"],
  vae: ["ae.safetensors"],
};

const folderKeys = [
  "checkpoints", "configs", "loras", "vae", "text_encoders", "diffusion_models", "clip_vision", "style_models", "embeddings",
  "diffusers", "vae_approx", "controlnet", "gligen", "upscale_models", "custom_nodes", "hypernetworks", "photomaker", "classifiers",
];

const folderOfInput: Readonly<Record<string, string>> = {
  ckpt_name: "checkpoints", unet_name: "diffusion_models", clip_name: "text_encoders", clip_name1: "text_encoders",
  clip_name2: "text_encoders", vae_name: "vae", lora_name: "loras",
};

const modelSuffix = /\.(ckpt|pt|pt2|bin|pth|safetensors|pkl|sft)$/;

export class ModelFolders {
  readonly loraRoots: readonly string[];
  readonly keys = folderKeys;

  constructor(args: ComfyArguments, readonly inputDir: string) {
    const fromFiles = args.modelPaths.flatMap((path) => loraFoldersOf(readFileSync(path, "utf8")));
    this.loraRoots = [...fromFiles, join(args.outputDir, "loras")];
  }

  /** null for a key that does not exist, among them the legacy ones `unet` and `clip`. */
  files(key: string): string[] | null {
    if (!folderKeys.includes(key)) return null;
    return key === "loras" ? [...new Set(this.loraRoots.flatMap(modelsUnder))] : [...modelFiles[key] ?? []];
  }

  loraPath(name: string): string | null {
    return this.loraRoots.map((root) => join(root, name)).find((path) => existsSync(path)) ?? null;
  }

  classes(): Record<string, ClassInfo> {
    return Object.fromEntries(Object.keys(objectInfo).map((name) => [name, this.describe(name)] as const)
      .filter((pair): pair is readonly [string, ClassInfo] => pair[1] !== null));
  }

  /** null for an unknown class. */
  describe(name: string): ClassInfo | null {
    const info = (objectInfo as unknown as Record<string, ClassInfo>)[name];
    if (!info) return null;
    const required = Object.fromEntries(Object.entries(info.input["required"] ?? {})
      .map(([input, spec]) => [input, this.#withFiles(input, spec)]));
    return { ...info, input: { ...info.input, required } };
  }

  #withFiles(input: string, spec: readonly unknown[] | string): readonly unknown[] | string {
    if (typeof spec === "string") return spec;
    const folder = folderOfInput[input];
    if (folder) return [[...this.files(folder) ?? [], ...(folder === "vae" ? ["pixel_space"] : [])], ...spec.slice(1)];
    return input === "image" && Array.isArray(spec[0]) ? [inputPictures(this.inputDir), ...spec.slice(1)] : spec;
  }
}

function modelsUnder(root: string): string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && modelSuffix.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort();
}

function inputPictures(dir: string): string[] {
  return existsSync(dir) ? readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => entry.name).sort() : [];
}
