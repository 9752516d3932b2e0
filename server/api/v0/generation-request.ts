import { isFields, isNothing, isOff, refuseOld, renamed, without, type Fields } from "./renaming.ts";

/** Fields with another name and the same meaning. */
export const earlierNames = {
  character_id: "characterId",
  aspect_ratio: "aspectRatio",
  add_trigger: "addTrigger",
  queue_anyway: "queueAnyway",
  guidance_scale: "guidance",
  num_images: "count",
  model_variant: "model",
  base_model: "model",
  num_inference_steps: "steps",
} as const;

const notBuilt = "is not built yet; leave it out";

/** What the earlier systems knew and pictures here cannot have, with the way out. `false`, null and an empty text ask for nothing and pass. */
const refused: ReadonlyArray<readonly [pattern: RegExp, message: string]> = [
  [/^negative_?prompt$/i, "cannot be set: FLUX.1 has no negative prompt; say in the prompt what should be there"],
  [/^use_?upscale$/i, notBuilt],
  [/^upscale$/i, notBuilt],
  [/^use_?controlnet$/i, notBuilt],
  [/^use_?ip_?adapter$/i, notBuilt],
  [/^use_?face_?detailer$/i, notBuilt],
  [/^features$/i, "cannot be chosen; GET /api/info lists what pictures can have"],
  [/^quality$/i, "is not known here; send width and height instead"],
  [/^(cfg|cfg_?scale)$/i, "cannot be set: FLUX.1 has guidance instead"],
  [/^(sampler|sampler_?name|scheduler)$/i, "cannot be chosen; each model has its own"],
  [/^batch_?size$/i, "cannot be set; send count, the number of pictures"],
];

/** The id of the LoRA that a character has now; null: none yet; undefined: there is no such character. */
export type NewestLora = (characterId: string) => string | null | undefined;

/** A request of today, of the earlier system (`{config: {…}, count}`), or a mixture: as one of today. */
export function oldGeneration(body: unknown, newestLora: NewestLora): unknown {
  if (!isFields(body)) return body;
  const whole = isFields(body["config"]) ? ofPerson(flattened(body, body["config"]), newestLora) : body;
  const fields = renamed(whole, earlierNames);
  without(
    fields,
    "quality",
    (value) => isNothing(value) || (typeof value === "string" && value.toLowerCase() === "standard"),
  );
  without(fields, "features", hasNoFeature);
  for (const [pattern, message] of refused) {
    const name = Object.keys(fields).find((candidate) => pattern.test(candidate));
    if (name === undefined) continue;
    if (!isOff(fields[name])) throw refuseOld(name, message);
    delete fields[name];
  }
  return withLora(fields);
}

/** The earlier system nested everything but the count, and took the seed 0 as "any". */
function flattened(body: Fields, config: Fields): Fields {
  const { config: _, ...outer } = body;
  const twice = Object.keys(outer).find((name) => Object.hasOwn(config, name));
  if (twice !== undefined) throw refuseOld(twice, "stands in the request and in its config; send one of them");
  return { ...config, ...outer, ...(config["seed"] === 0 ? { seed: null } : {}) };
}

/** In the earlier form a person stood for the LoRA that was trained last on that person. */
function ofPerson(fields: Fields, newestLora: NewestLora): Fields {
  const { lora_id: named, ...rest } = fields;
  const isPerson = typeof named === "string" && named.startsWith("chr-");
  const person = isPerson ? named : isNothing(named) && rest["loras"] === undefined ? rest["character_id"] : undefined;
  if (typeof person !== "string") return fields;
  const newest = newestLora(person);
  if (newest === null)
    throw refuseOld(isPerson ? "lora_id" : "character_id", "names a person without a LoRA; train one first");
  const whole = { ...rest, character_id: person };
  return newest === undefined ? whole : { ...whole, lora_id: newest };
}

function hasNoFeature(value: unknown): boolean {
  if (isFields(value)) return Object.values(value).every(isOff);
  return isNothing(value) || (Array.isArray(value) && value.length === 0);
}

/** One LoRA by its id; the earlier strength without a LoRA had no effect. */
function withLora(fields: Fields): Fields {
  const { lora_id: id, lora_strength: strength, ...rest } = fields;
  if (isNothing(id)) return isNothing(strength) || id === undefined ? keepStrength(rest, strength) : rest;
  if (Object.hasOwn(rest, "loras"))
    throw refuseOld("lora_id", "is the earlier way to name a LoRA; send either it or loras");
  return { ...rest, loras: [{ id, strength: strength ?? earlierStrength }] };
}

const earlierStrength = 0.8;

function keepStrength(fields: Fields, strength: unknown): Fields {
  if (isNothing(strength)) return fields;
  throw refuseOld("lora_strength", "has no effect without lora_id; send loras with an id and a strength each");
}
