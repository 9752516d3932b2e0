import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type Looks, readLooks } from "../../simulation/looks.ts";
import { parseJson, recordOf } from "../protocol/json.ts";
import { readLoraHeader } from "../generation/lora.ts";
import type { ComfyArguments } from "./arguments.ts";
import type { ModelFolders } from "./folders.ts";
import type { SimulatorLog } from "./log.ts";
import { portrait, portraitPreview, savePicture, solid, type Picture, type PortraitRecipe, type SavedFile } from "./pictures.ts";
import type { Scenario } from "./scenario.ts";

/** What flows over the links. Models only carry what changes the picture. */
type Value =
  | { readonly kind: "model"; readonly identity: string | null; readonly looks: Looks | null; readonly strength: number }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "size"; readonly width: number; readonly height: number }
  | { readonly kind: "guider"; readonly model: Value; readonly text: Value }
  | { readonly kind: "picture"; readonly picture: Picture }
  | { readonly kind: "nothing" };

export interface NodeResult {
  readonly outputs: readonly Value[];
  readonly ui: { readonly images: readonly SavedFile[] } | null;
}

/** What a node may do while it works. `step` throws Interrupted when the prompt was interrupted. */
export interface NodeContext {
  readonly args: ComfyArguments;
  readonly folders: ModelFolders;
  readonly log: SimulatorLog;
  readonly scenario: Scenario;
  readonly texts: Readonly<Record<string, unknown>>;
  step(value: number, max: number, preview: (() => Promise<Uint8Array>) | null): Promise<void>;
}

class SimulatedOutOfMemory extends Error {
  override readonly name = "torch.OutOfMemoryError";
}

/** Times at speed 1. A picture of 20 steps takes about four seconds. */
const loadMs = 250;
const encodeMs = 60;
const stepMs = 150;
const decodeMs = 200;
const blurMs = 500;
const failingStep = 2;
const nothing: Value = { kind: "nothing" };
const baseModel: Value = { kind: "model", identity: null, looks: null, strength: 0 };

type Inputs = Readonly<Record<string, unknown>>;
type NodeWork = (inputs: Inputs, context: NodeContext) => Promise<NodeResult> | NodeResult;

const work: Readonly<Record<string, NodeWork>> = {
  CheckpointLoaderSimple: (_, context) => load(context, [baseModel, nothing, nothing]),
  UNETLoader: (_, context) => load(context, [baseModel]),
  CLIPLoader: (_, context) => load(context, [nothing]),
  DualCLIPLoader: (_, context) => load(context, [nothing]),
  VAELoader: () => only(nothing),
  LoraLoader: (inputs, context) => applyLora(inputs, context, [nothing]),
  LoraLoaderModelOnly: (inputs, context) => applyLora(inputs, context, []),
  CLIPTextEncode: async (inputs, { scenario }) => {
    await scenario.work(encodeMs);
    return only({ kind: "text", text: String(inputs["text"]) });
  },
  FluxGuidance: (inputs) => only(valueOf(inputs["conditioning"])),
  ConditioningZeroOut: () => only(nothing),
  EmptyLatentImage: (inputs) => only({ kind: "size", width: Number(inputs["width"]), height: Number(inputs["height"]) }),
  EmptySD3LatentImage: (inputs) => only({ kind: "size", width: Number(inputs["width"]), height: Number(inputs["height"]) }),
  ModelSamplingFlux: (inputs) => only(valueOf(inputs["model"])),
  RandomNoise: (inputs) => only({ kind: "number", value: Number(inputs["noise_seed"]) }),
  KSamplerSelect: () => only(nothing),
  BasicScheduler: (inputs) => only({ kind: "number", value: Number(inputs["steps"]) }),
  BasicGuider: (inputs) => only({ kind: "guider", model: valueOf(inputs["model"]), text: valueOf(inputs["conditioning"]) }),
  KSampler: (inputs, context) => sample(context, Number(inputs["steps"]),
    recipe(valueOf(inputs["model"]), valueOf(inputs["positive"]), Number(inputs["seed"]), valueOf(inputs["latent_image"])), []),
  SamplerCustomAdvanced: (inputs, context) => {
    const guider = valueOf(inputs["guider"]);
    const [model, text] = guider.kind === "guider" ? [guider.model, guider.text] : [nothing, nothing];
    const made = recipe(model, text, numberIn(inputs["noise"]), valueOf(inputs["latent_image"]));
    return sample(context, numberIn(inputs["sigmas"]), made, [nothing]);
  },
  VAEDecode: async (inputs, { scenario }) => {
    await scenario.work(decodeMs);
    return only(valueOf(inputs["samples"]));
  },
  VAEEncodeTiled: tiled,
  VAEDecodeTiled: tiled,
  EmptyImage: (inputs) => only({ kind: "picture", picture: solid(Number(inputs["width"]), Number(inputs["height"]), Number(inputs["color"])) }),
  ImageBlur: async (inputs, { scenario }) => {
    await scenario.work(blurMs);
    return only(valueOf(inputs["image"]));
  },
  ImageScale: (inputs) => only({ kind: "picture", picture: solid(Number(inputs["width"]), Number(inputs["height"]), 0x808080) }),
  LoadImage: async (inputs, { folders }) => {
    const bytes = new Uint8Array(await Bun.file(join(folders.inputDir, String(inputs["image"]))).arrayBuffer());
    return { outputs: [{ kind: "picture", picture: { width: 0, height: 0, png: async () => bytes } }, nothing], ui: null };
  },
  SaveImage: (inputs, context) => save(inputs["images"], context, "output", String(inputs["filename_prefix"])),
  PreviewImage: (inputs, context) => save(inputs["images"], context, "temp", `ComfyUI_temp_${randomBytes(3).toString("hex")}`),
};

/** `inputs` has values in the place of links. */
export async function runNode(className: string, inputs: Inputs, context: NodeContext): Promise<NodeResult> {
  const run = work[className];
  if (!run) throw new Error(`The simulator cannot run ${className}.`);
  return run(inputs, context);
}

function only(value: Value): NodeResult {
  return { outputs: [value], ui: null };
}

function valueOf(input: unknown): Value {
  return typeof input === "object" && input !== null && "kind" in input ? input as Value : nothing;
}

function numberIn(input: unknown): number {
  const value = valueOf(input);
  return value.kind === "number" ? value.value : 0;
}

async function load({ scenario }: NodeContext, outputs: readonly Value[]): Promise<NodeResult> {
  await scenario.work(loadMs);
  return { outputs, ui: null };
}

/** A LoRA of another model is loaded without complaint and changes nothing; only the log tells. */
async function applyLora(inputs: Inputs, context: NodeContext, more: readonly Value[]): Promise<NodeResult> {
  const name = String(inputs["lora_name"]);
  const header = readLoraHeader(context.folders.loraPath(name) ?? "");
  if ("why" in header) throw new Error("Error while deserializing header: header too small");
  await context.scenario.work(encodeMs);
  if (header.base !== null && header.base !== "FLUX.1") {
    for (const tensor of header.names) context.log.line("WARNING", `lora key not loaded: ${tensor}`);
    return { outputs: [valueOf(inputs["model"]), ...more], ui: null };
  }
  const { metadata } = header;
  const model: Value = {
    kind: "model", identity: identityOf(name, metadata), looks: readLooks(metadata.get("isengard_looks")), strength: Number(inputs["strength_model"]),
  };
  return { outputs: [model, ...more], ui: null };
}

/** The person that a LoRA shows: the trigger word that AI-Toolkit writes into it, else its file name without the version. */
function identityOf(name: string, metadata: ReadonlyMap<string, string>): string {
  const [folder] = Object.values(recordOf(parseJson(metadata.get("ss_tag_frequency") ?? "")));
  const [trigger] = Object.keys(recordOf(folder));
  const stem = (name.split("/").at(-1) ?? name).replace(/\.safetensors$/, "");
  return trigger ?? stem.replace(/[_-]v\d+.*$/, "");
}

function recipe(model: Value, text: Value, seed: number, latent: Value): PortraitRecipe {
  const size = latent.kind === "size" ? latent : { width: 512, height: 512 };
  return {
    width: size.width, height: size.height, seed, prompt: text.kind === "text" ? text.text : "",
    identity: model.kind === "model" ? model.identity : null, looks: model.kind === "model" ? model.looks : null, strength: model.kind === "model" ? model.strength : 0,
  };
}

async function sample(context: NodeContext, steps: number, made: PortraitRecipe, more: readonly Value[]): Promise<NodeResult> {
  const { scenario, log } = context;
  log.line("INFO", "Requested to load Flux");
  log.line("INFO", "loaded completely;  22700.13 MB loaded, full load: True");
  for (let step = 1; step <= steps; step++) {
    await scenario.work(stepMs);
    if (step === failingStep && scenario.is("out-of-memory")) {
      throw new SimulatedOutOfMemory("CUDA out of memory. Tried to allocate 2.25 GiB. GPU 0 has a total capacity of 23.99 GiB.");
    }
    if (step === failingStep && scenario.is("hang")) await new Promise<never>(() => {});
    if (step === failingStep && scenario.once("die-at-step")) process.kill(process.pid, "SIGKILL");
    await context.step(step, steps, () => portraitPreview(made, step / steps));
    const percent = Math.round((step / steps) * 100);
    const bar = "█".repeat(Math.round(percent / 10)).padEnd(10);
    log.raw(`\r${String(percent).padStart(3)}%|${bar}| ${step}/${steps} [00:00<00:00,  6.60it/s]`);
  }
  log.raw("\n");
  return { outputs: [{ kind: "picture", picture: portrait(made) }, ...more], ui: null };
}

const tileSteps = 4;

async function tiled(inputs: Inputs, context: NodeContext): Promise<NodeResult> {
  for (let tile = 1; tile <= tileSteps; tile++) {
    await context.scenario.work(stepMs / tileSteps);
    await context.step(tile, tileSteps, null);
  }
  return only(valueOf(inputs["pixels"] ?? inputs["samples"]));
}

async function save(images: unknown, { args, texts }: NodeContext, type: "output" | "temp", prefix: string): Promise<NodeResult> {
  const value = valueOf(images);
  if (value.kind !== "picture") throw new Error("There is no picture to save.");
  const dir = type === "output" ? args.outputDir : args.tempDir;
  const saved = await savePicture(value.picture, { dir, type, prefix }, args.metadata ? texts : null);
  return { outputs: [value], ui: { images: [saved] } };
}
