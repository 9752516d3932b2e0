import type { ParameterSpec } from "../../server/contract/backend.ts";

type Option = { value: string | number; label: string };

/** Every parameter of a training. A row that is supported is used by `config.ts`; a test holds the two together. */
export const parameters: ParameterSpec[] = [
  integer("steps", "Steps", "How long it trains. More steps give more likeness, too many copy the photos.", "basic", 1500, 10, 10_000, 10),
  number("learningRate", "Learning rate", "How much each step changes. 0.0001 is a good value; twice that is faster and rougher.", 1e-4, 1e-6, 1e-2),
  integer("rank", "Rank", "How much detail the LoRA can hold. 16 is enough for one face; 32 for large, varied sets.", "advanced", 16, 1, 128, 1),
  {
    name: "resolutions", label: "Photo sizes", group: "advanced", type: "intList", default: [512, 768, 1024], supported: true, unit: "px",
    help: "Each photo is learned at these sizes; photos are never enlarged. Fewer and smaller sizes train faster.",
    options: [512, 768, 1024].map((value) => ({ value, label: `${value}` })),
  },
  integer("batchSize", "Photos per step", "More than 1 needs much more GPU memory.", "advanced", 1, 1, 8, 1),
  integer("gradientAccumulation", "Gradient accumulation", "Averages this many batches before each change; slower and smoother.", "advanced", 1, 1, 16, 1),
  choice("optimizer", "Optimizer", "adamw8bit saves memory; prodigy finds its own learning rate.", "adamw8bit", [
    { value: "adamw8bit", label: "AdamW 8-bit" }, { value: "adamw", label: "AdamW" }, { value: "adafactor", label: "Adafactor" },
    { value: "prodigy", label: "Prodigy" },
  ]),
  number("weightDecay", "Weight decay", "Holds the LoRA's numbers small.", 1e-4, 0, 0.5),
  choice("lrScheduler", "Learning rate over time", "Constant is the usual choice.", "constant", [
    { value: "constant", label: "Constant" }, { value: "cosine", label: "Cosine" }, { value: "linear", label: "Linear" },
  ]),
  choice("timestepType", "Noise levels", "Which noise levels are trained most. Sigmoid is the default of FLUX.1.", "sigmoid", [
    { value: "sigmoid", label: "Sigmoid" }, { value: "linear", label: "Linear" }, { value: "shift", label: "Shift" },
    { value: "weighted", label: "Weighted" },
  ]),
  choice("contentOrStyle", "Shape or texture", "Balanced learns both; content favours shapes, style favours texture.", "balanced", [
    { value: "balanced", label: "Balanced" }, { value: "content", label: "Content" }, { value: "style", label: "Style" },
  ]),
  bool("ema", "Averaged weights (EMA)", "Saves a running average of the weights, which is calmer than the last step.", true),
  number("emaDecay", "EMA decay", "Only used with averaged weights; 0.99 averages about the last hundred steps.", 0.99, 0.5, 0.9999),
  number("captionDropout", "Caption dropout", "Share of steps that ignore the caption.", 0.05, 0, 0.5),
  integer("saveEvery", "Save every", "A checkpoint is kept after this many steps; a training resumes from the newest.", "basic", 200, 5, 5000, 5, "steps"),
  integer("sampleEvery", "Sample every", "Makes the sample pictures after this many steps.", "basic", 200, 5, 5000, 5, "steps"),
  {
    name: "samplePrompts", label: "Sample prompts", group: "basic", type: "stringList", default: defaultPrompts(6), maxLength: 500,
    supported: true,
    help: "One picture for each prompt. {trigger} stands for the trigger word.",
  },
  integer("sampleSize", "Sample size", "Width and height of the sample pictures.", "advanced", 1024, 256, 1536, 64, "px"),
  integer("sampleSteps", "Sampler steps", "Steps for each sample picture.", "advanced", 20, 1, 60, 1),
  number("sampleGuidance", "Sample guidance", "How closely the sample pictures follow their prompts.", 4, 1, 10),
  integer("sampleSeed", "Sample seed", "The same seed makes samples comparable; each prompt adds one.", "advanced", 42, 0, 2_147_483_000, 1),
  bool("firstSamples", "Samples before training", "Shows what the model makes before it knows the person.", true),
  bool("quantize", "8-bit model", "Loads FLUX.1 in 8 bits, which halves the memory. Needed below 48 GB.", true),
  choice("quantizeType", "Bits of the model", "Only used with the 8-bit model. 6 or 4 need less GPU memory still; FLUX.1 and its reader of captions become coarser.", "qfloat8", [
    { value: "qfloat8", label: "8 bits (qfloat8)" }, { value: "uint6", label: "6 bits (uint6)" }, { value: "uint4", label: "4 bits (uint4)" },
  ]),
  bool("layerOffloading", "Layer offloading", "Keeps layers in main memory until they are needed. For small cards; much slower.", false),
  bool("lowVram", "Load outside the GPU", "Makes the 8-bit model in main memory: less GPU memory at the start, none while training.", false),
  bool("cacheTextEmbeddings", "Cache captions", "Reads all captions once and frees the text encoder's memory.", true),
  bool("gradientCheckpointing", "Gradient checkpointing", "Computes parts again instead of keeping them. Turn off only with 80 GB.", true),
  choice("onDivergence", "When the loss breaks down", "After 20 steps without a usable loss the LoRA learns nothing any more.", "warn", [
    { value: "warn", label: "Warn and go on" }, { value: "stop", label: "Stop the training" },
  ]),
  {
    ...bool("faceMask", "Weight faces more than background", "Learns the face and little of the room.", false),
    supported: false, reason: "Isengard does not make face masks yet.",
  },
];

/** Parameters that Isengard itself acts on; all others go into AI-Toolkit's job file. */
export const ownParameters: readonly string[] = ["onDivergence"];

/** The first `count` of the standard prompts: near and far, inside and outside, different clothes and light. */
export function defaultPrompts(count: number): string[] {
  return [
    "close-up portrait photo of {trigger}, neutral expression, plain grey background",
    "photo of {trigger} smiling in a sunny park",
    "photo of {trigger} in a cafe, wearing a red sweater, window light",
    "photo of {trigger} at the beach, upper body",
    "photo of {trigger} in a city street at night, neon lights",
    "profile photo of {trigger} in a library, looking away",
    "full body photo of {trigger} walking in snowy mountains",
    "studio photo of {trigger} in a dark suit, dramatic side light",
  ].slice(0, count);
}

function integer(
  name: string, label: string, help: string, group: "basic" | "advanced",
  standard: number, min: number, max: number, step: number, unit?: string,
): ParameterSpec {
  return { name, label, help, group, type: "int", default: standard, min, max, step, ...(unit === undefined ? {} : { unit }), supported: true };
}

function number(name: string, label: string, help: string, standard: number, min: number, max: number): ParameterSpec {
  return { name, label, help, group: "advanced", type: "float", default: standard, min, max, supported: true };
}

function choice(name: string, label: string, help: string, standard: string, options: Option[]): ParameterSpec {
  return { name, label, help, group: "advanced", type: "enum", default: standard, options, supported: true };
}

function bool(name: string, label: string, help: string, standard: boolean): ParameterSpec {
  return { name, label, help, group: "advanced", type: "bool", default: standard, supported: true };
}
