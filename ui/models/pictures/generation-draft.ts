import type { ImageCapabilities, ParameterSpec } from "../../../server/contract/backend.ts";
import type { GenerationRequest } from "../../../server/contract/job.ts";
import type { Lora } from "../../../server/contract/lora.ts";
import type { OutputSettings } from "../../../server/contract/output.ts";

/** What stands in the Generate form. `null` means: what the model is made for. */
export interface Draft {
  readonly prompt: string;
  readonly model: string | null;
  readonly loras: ReadonlyArray<{ readonly id: string; readonly strength: number }>;
  /** Nobody was chosen on purpose, so the form does not begin with the newest LoRA. */
  readonly isNobody: boolean;
  readonly addTrigger: boolean;
  readonly aspectRatio: string | null;
  readonly count: number;
  /** null: another one for each picture. */
  readonly seed: number | null;
  readonly steps: number | null;
  readonly guidance: number | null;
}

export const emptyDraft: Draft = {
  prompt: "", model: null, loras: [], isNobody: false, addTrigger: true, aspectRatio: null, count: 4, seed: null, steps: null, guidance: null,
};
export const draftKey = "isengard.generate";
export const maxSeed = Number.MAX_SAFE_INTEGER;

/** The text of another version, or one that was damaged, is an empty form. */
export function readDraft(store: Storage): Draft {
  try {
    const saved = JSON.parse(store.getItem(draftKey) ?? "null") as Partial<Draft> | null;
    return saved !== null && typeof saved === "object" ? { ...emptyDraft, ...saved } : emptyDraft;
  } catch {
    // Not worth a message: nothing was lost but a half-typed form.
    return emptyDraft;
  }
}

/** Who was used last, else the newest LoRA: people come to see the face that they trained. */
export function withPerson(draft: Draft, usable: readonly Lora[], capabilities: ImageCapabilities | null): Draft {
  const newest = usable[0];
  if (draft.isNobody || newest === undefined || draft.loras.some(({ id }) => usable.some((lora) => lora.id === id))) return draft;
  return { ...draft, loras: [{ id: newest.id, strength: capabilities?.strength.default ?? 1 }] };
}

/** Signs that other programs read and the picture model reads as words or as something else. */
export function hasForeignSigns(prompt: string): boolean {
  return /<(lora|lyco|hypernet):|\bembedding:|\(\s*[^()]+:\s*[\d.]+\s*\)|\([^()]*\)/i.test(prompt);
}

export function modelOf(draft: Draft, capabilities: ImageCapabilities): ImageCapabilities["models"][number] | undefined {
  return capabilities.models.find((model) => model.id === draft.model) ?? capabilities.models[0];
}

export function shapeOf(draft: Draft, capabilities: ImageCapabilities): ImageCapabilities["aspectRatios"][number] | undefined {
  return capabilities.aspectRatios.find((ratio) => ratio.id === draft.aspectRatio) ?? capabilities.aspectRatios[0];
}

/** Exactly what the form shows; a LoRA that was deleted meanwhile is left out, as it is on the page. */
export function buildRequest(draft: Draft, capabilities: ImageCapabilities, loras: readonly Lora[]): GenerationRequest {
  const model = modelOf(draft, capabilities);
  const chosen = draft.loras.filter((choice) => loras.some((lora) => lora.id === choice.id));
  const character = loras.find((lora) => lora.id === chosen[0]?.id)?.characterId;
  const request: GenerationRequest = { prompt: draft.prompt.trim(), count: draft.count, seed: draft.seed, addTrigger: draft.addTrigger };
  if (chosen.length > 0) request.loras = chosen.map(({ id, strength }) => ({ id, strength }));
  if (character !== undefined) request.characterId = character;
  const shape = shapeOf(draft, capabilities);
  if (shape) request.aspectRatio = shape.id;
  if (!model) return request;
  request.model = model.id;
  request.steps = draft.steps ?? model.defaultSteps;
  if (model.defaultGuidance !== null) request.guidance = draft.guidance ?? model.defaultGuidance;
  return request;
}

/**
 * The form that makes the same picture again. Its prompt holds the trigger words that were added then, so adding them stays
 * on and changes nothing; where one is missing they were switched off, and stay off.
 */
export function draftOf(settings: OutputSettings, capabilities: ImageCapabilities | null, loras: readonly Lora[]): Draft {
  const shape = capabilities?.aspectRatios.find((ratio) => ratio.width === settings.width && ratio.height === settings.height);
  const draft: Draft = {
    prompt: settings.prompt,
    model: settings.model,
    loras: settings.loras.map(({ id, strength }) => ({ id, strength })),
    isNobody: settings.loras.length === 0,
    addTrigger: true,
    aspectRatio: shape?.id ?? null,
    count: 1,
    seed: settings.seed,
    steps: settings.steps,
    guidance: settings.guidance,
  };
  return { ...draft, addTrigger: triggersOf(draft, loras).every((tag) => tag.typed) };
}

export interface TriggerTag {
  readonly word: string;
  /** Already written by hand, so that nothing is added. */
  readonly typed: boolean;
}

export function triggersOf(draft: Draft, loras: readonly Lora[]): TriggerTag[] {
  const words = draft.loras.flatMap((choice) => loras.find((lora) => lora.id === choice.id)?.triggerWord ?? []);
  const text = draft.prompt.toLowerCase();
  return [...new Set(words)].map((word) => ({ word, typed: text.includes(word.toLowerCase()) }));
}

/** The parameters that this model has, with its own limits. */
export function parametersOf(draft: Draft, capabilities: ImageCapabilities): ParameterSpec[] {
  const model = modelOf(draft, capabilities);
  return capabilities.parameters
    .filter((spec) => spec.supported && (spec.name === "steps" || (spec.name === "guidance" && model?.defaultGuidance !== null)))
    .map((spec) => (spec.name === "steps" && model ? { ...spec, default: model.defaultSteps, max: model.maxSteps } : spec));
}

export interface Absent {
  readonly id: string;
  readonly label: string;
  readonly reason: string;
}

/** What cannot be used now, each with its reason; shown as text and never as a dead control. */
export function absentOf(draft: Draft, capabilities: ImageCapabilities): Absent[] {
  const model = modelOf(draft, capabilities);
  const unsupported = [...capabilities.features, ...capabilities.parameters.map((spec) => ({ ...spec, id: spec.name }))]
    .filter((entry) => !entry.supported)
    .map((entry) => ({ id: entry.id, label: entry.label, reason: entry.reason ?? "Not available here." }));
  if (model?.defaultGuidance !== null) return unsupported;
  return [{ id: "guidance", label: "Guidance", reason: `${model.label} is made to work without it.` }, ...unsupported];
}
