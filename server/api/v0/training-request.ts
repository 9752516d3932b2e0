import { isFields, isNothing, isOff, refuseOld, renamed, without, type Fields } from "./renaming.ts";

const names = {
  character_id: "characterId",
  preset_name: "preset",
  config: "values",
  queue_anyway: "queueAnyway",
} as const;

const valueNames = {
  learning_rate: "learningRate",
  lora_rank: "rank",
  batch_size: "batchSize",
  gradient_accumulation: "gradientAccumulation",
  sample_every_n_steps: "sampleEvery",
  sample_prompts: "samplePrompts",
  checkpoint_every_n_steps: "saveEvery",
  scheduler: "lrScheduler",
  weight_decay: "weightDecay",
} as const;

const nameBefore = new Map<string, string>(Object.entries(valueNames).map(([old, name]) => [name, old]));

/** All of them, for the documentation. */
export const earlierNames: Readonly<Record<string, string>> = { ...names, ...valueNames };

/** How the earlier system called a parameter: its own name, else today's with underscores. */
export function earlierValueName(name: string): string {
  if (name === "resolutions") return "resolution";
  return nameBefore.get(name) ?? name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Values under their earlier names. Of several sizes the largest stands for all. */
export function earlierValues(values: Fields): Fields {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      earlierValueName(name),
      name === "resolutions" && Array.isArray(value) ? Math.max(...(value as number[])) : value,
    ]),
  );
}

/** Preset names of the earlier system that differ from the labels here. */
const presets: Readonly<Record<string, string>> = {
  "quick train": "quick",
  quick_train: "quick",
  high_quality: "high",
};
/** The one base that is trained here, as the earlier system and as its own makers call it. */
const baseModels = ["flux-dev", "flux.1-dev", "flux1-dev", "black-forest-labs/flux.1-dev"];

/** Settings of the earlier system that have no counterpart, with the way out. */
const refusedValues: Readonly<Record<string, string>> = {
  max_checkpoints: "cannot be set: every checkpoint is kept",
  sample_count: "cannot be set: there is one sample picture for each of the samplePrompts",
  network_alpha: "cannot be set: it equals the rank",
  caption_strategy: "cannot be set: the captions of the photos are used as they stand",
};

/** A request of today or of the earlier system, as one of today. The preset may be absent in both. */
export function oldTraining(body: unknown): unknown {
  if (!isFields(body)) return body;
  const fields = renamed(withoutEmptyPreset(body), names);
  if (typeof fields["method"] === "string" && fields["method"].toLowerCase() === "lora") delete fields["method"];
  refuseOtherBase(fields);
  if (Object.hasOwn(fields, "preset")) fields["preset"] = presetOf(fields["preset"]);
  if (isFields(fields["values"])) fields["values"] = valuesOf(fields["values"]);
  return fields;
}

/** The earlier system sent null where no preset was chosen. Today's own name takes none. */
function withoutEmptyPreset({ ...fields }: Fields): Fields {
  without(fields, "preset_name", isNothing);
  return fields;
}

function presetOf(wanted: unknown): unknown {
  return typeof wanted === "string" ? (presets[wanted.trim().toLowerCase()] ?? wanted) : wanted;
}

function isNothingOrLora(value: unknown): boolean {
  return isNothing(value) || (typeof value === "string" && value.toLowerCase() === "lora");
}

function refuseOtherMethod(fields: Fields): void {
  without(fields, "method", isNothingOrLora);
  if (!Object.hasOwn(fields, "method")) return;
  throw refuseOld("method", "must be lora: DoRA and full fine-tuning are not built; GET /api/info names the reasons");
}

function refuseOtherBase(fields: Fields): void {
  const name = ["base_model", "baseModel"].find((candidate) => Object.hasOwn(fields, candidate));
  if (name === undefined) return;
  const wanted = fields[name];
  if (!isNothing(wanted) && !(typeof wanted === "string" && baseModels.includes(wanted.toLowerCase()))) {
    throw refuseOld(name, "must be flux-dev: Isengard trains on FLUX.1-dev only");
  }
  delete fields[name];
}

function valuesOf(config: Fields): Fields {
  const values = renamed(config, valueNames);
  refuseOtherMethod(values);
  oneResolution(values);
  without(values, "precision", (value) => isNothing(value) || value === "bf16");
  without(values, "dora", isOff);
  if (Object.hasOwn(values, "precision")) throw refuseOld("precision", "must be bf16: Isengard trains in nothing else");
  for (const [name, message] of Object.entries(refusedValues)) {
    without(values, name, isNothing);
    if (Object.hasOwn(values, name)) throw refuseOld(name, message);
  }
  for (const [name, value] of Object.entries(values)) if (value === null) delete values[name];
  return values;
}

/** The earlier system trained at one size; here it is a list. */
function oneResolution(values: Fields): void {
  if (!Object.hasOwn(values, "resolution")) return;
  if (Object.hasOwn(values, "resolutions"))
    throw refuseOld("resolution", "is the earlier name of resolutions; send one of them");
  const { resolution } = values;
  delete values["resolution"];
  if (!isNothing(resolution)) values["resolutions"] = Array.isArray(resolution) ? resolution : [resolution];
}
