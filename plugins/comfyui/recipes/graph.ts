import { type Graph, GraphBuilder, type Link, output } from "../protocol/prompt-graph.ts";
import type { Weights } from "./weights.ts";

/** The files of the model, in one of the two layouts that people have. Names are as ComfyUI lists them. */
export type ModelFiles =
  | { readonly kind: "checkpoint"; readonly checkpoint: string }
  | { readonly kind: "split"; readonly unet: string; readonly clipL: string; readonly t5: string; readonly vae: string };

export interface LoraUse {
  /** As ComfyUI lists it. */
  readonly file: string;
  readonly strength: number;
  /** Also changes the text encoder; only then the loader with two strengths is used. */
  readonly textEncoder: boolean;
}

export interface PictureSpec {
  readonly files: ModelFiles;
  /** Of the model of split files; a checkpoint is loaded as it is. */
  readonly weights: Weights;
  readonly loras: readonly LoraUse[];
  readonly prompt: string;
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  /** null: schnell, which has none. */
  readonly guidance: number | null;
  readonly filenamePrefix: string;
}

export const sampler = "euler";
export const scheduler = "simple";

/** Text to picture with FLUX.1. One checkpoint file, or split files as in the official example of comfyanonymous/ComfyUI_examples. */
export function fluxGraph(spec: PictureSpec): Graph {
  const graph = new GraphBuilder();
  const loaded = applyLoras(graph, loadModel(graph, spec), spec.loras);
  const text = graph.add("CLIPTextEncode", { text: spec.prompt, clip: loaded.clip });
  const positive = spec.guidance === null
    ? text
    : graph.add("FluxGuidance", { conditioning: text, guidance: spec.guidance });
  const latent = graph.add("EmptySD3LatentImage", { width: spec.width, height: spec.height, batch_size: 1 });
  const samples = spec.files.kind === "checkpoint"
    ? sampleSimply(graph, spec, { model: loaded.model, text, positive, latent })
    : sampleByParts(graph, spec, { model: loaded.model, positive, latent });
  const images = graph.add("VAEDecode", { samples, vae: loaded.vae });
  graph.add("SaveImage", { images, filename_prefix: spec.filenamePrefix });
  return graph.nodes;
}

interface Loaded {
  readonly model: Link;
  readonly clip: Link;
  readonly vae: Link;
}

function loadModel(graph: GraphBuilder, { files, weights }: PictureSpec): Loaded {
  if (files.kind === "checkpoint") {
    const checkpoint = graph.add("CheckpointLoaderSimple", { ckpt_name: files.checkpoint });
    return { model: checkpoint, clip: output(checkpoint, 1), vae: output(checkpoint, 2) };
  }
  return {
    model: graph.add("UNETLoader", { unet_name: files.unet, weight_dtype: weights }),
    clip: graph.add("DualCLIPLoader", { clip_name1: files.clipL, clip_name2: files.t5, type: "flux", device: "default" }),
    vae: graph.add("VAELoader", { vae_name: files.vae }),
  };
}

function applyLoras(graph: GraphBuilder, loaded: Loaded, loras: readonly LoraUse[]): Loaded {
  return loras.reduce((before, lora) => {
    const name = { lora_name: lora.file, strength_model: lora.strength };
    if (!lora.textEncoder) return { ...before, model: graph.add("LoraLoaderModelOnly", { model: before.model, ...name }) };
    const both = graph.add("LoraLoader", { model: before.model, clip: before.clip, ...name, strength_clip: lora.strength });
    return { ...before, model: both, clip: output(both, 1) };
  }, loaded);
}

/** cfg 1 ignores the negative conditioning, yet the input is required. */
function sampleSimply(graph: GraphBuilder, spec: PictureSpec, from: { model: Link; text: Link; positive: Link; latent: Link }): Link {
  const negative = graph.add("ConditioningZeroOut", { conditioning: from.text });
  return graph.add("KSampler", {
    model: from.model, seed: spec.seed, steps: spec.steps, cfg: 1, sampler_name: sampler, scheduler,
    positive: from.positive, negative, latent_image: from.latent, denoise: 1,
  });
}

/** The official layout for split files. schnell was trained without a shift, so it gets no ModelSamplingFlux. */
function sampleByParts(graph: GraphBuilder, spec: PictureSpec, from: { model: Link; positive: Link; latent: Link }): Link {
  const model = spec.guidance === null ? from.model : graph.add("ModelSamplingFlux", {
    model: from.model, max_shift: 1.15, base_shift: 0.5, width: spec.width, height: spec.height,
  });
  return graph.add("SamplerCustomAdvanced", {
    noise: graph.add("RandomNoise", { noise_seed: spec.seed }),
    guider: graph.add("BasicGuider", { model, conditioning: from.positive }),
    sampler: graph.add("KSamplerSelect", { sampler_name: sampler }),
    sigmas: graph.add("BasicScheduler", { model, scheduler, steps: spec.steps, denoise: 1 }),
    latent_image: from.latent,
  });
}

/** Nodes that report steps; all others count as one short piece of work. */
export const samplerClasses: ReadonlySet<string> = new Set(["KSampler", "SamplerCustomAdvanced"]);

/** Every class that `fluxGraph` can use: what a ComfyUI must know to be of use to us. */
export const requiredClasses = [
  "CheckpointLoaderSimple", "UNETLoader", "DualCLIPLoader", "VAELoader", "LoraLoader", "LoraLoaderModelOnly",
  "CLIPTextEncode", "FluxGuidance", "ConditioningZeroOut", "EmptySD3LatentImage", "ModelSamplingFlux",
  "KSampler", "SamplerCustomAdvanced", "BasicGuider", "RandomNoise", "KSamplerSelect", "BasicScheduler",
  "VAEDecode", "SaveImage",
] as const;

/** Those whose choices are lists of files, so they are read again before each job. */
export const loaderClasses = [
  "CheckpointLoaderSimple", "UNETLoader", "DualCLIPLoader", "VAELoader", "LoraLoader", "LoraLoaderModelOnly",
] as const;
