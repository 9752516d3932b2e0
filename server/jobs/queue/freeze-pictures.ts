import type { ImageCapabilities } from "../../contract/backend.ts";
import type { GenerationRequest, LoraChoice } from "../../contract/job.ts";
import type { Lora } from "../../contract/lora.ts";
import { AppError, notFound } from "../../base/errors.ts";
import type { ImageJob } from "../../../plugins/interfaces/image.ts";
import { parameterProblem } from "../../shared/parameter-check.ts";
import type { FrozenPictures } from "../store/frozen.ts";
import type { JobLibrary } from "../ports.ts";
import { holdsWord } from "../../shared/trigger-place.ts";

export interface AcceptedPictures {
  readonly frozen: FrozenPictures;
  readonly characterName: string | null;
}

/** FLUX works on blocks of this many pixels. */
const sizeStep = 16;
const sizeMin = 256;
const sizeMax = 2048;
/** Random seeds stay short enough to be read out; a person may send up to 2^53−1. */
const randomSeeds = 2 ** 32;
const seedCount = Number.MAX_SAFE_INTEGER;

/** Checks a request for pictures against what the backend can do and fixes all that it will use. `simulated`: for fast-test. Throws AppError. */
export function freezePictures(request: GenerationRequest, capabilities: ImageCapabilities, library: JobLibrary, simulated: boolean): AcceptedPictures {
  const model = chooseModel(request, capabilities);
  assertInForm(request, capabilities);
  const chosen = chooseLoras(request.loras ?? [], capabilities, library);
  if (!simulated) assertReal(chosen.map(({ lora }) => lora));
  const characterId = request.characterId ?? chosen[0]?.lora.characterId ?? null;
  const character = characterId === null ? null : library.character(characterId);
  if (characterId !== null && character === null) throw notFound("character", characterId);
  const job: ImageJob = {
    prompt: request.addTrigger === false ? request.prompt : withTriggers(request.prompt, chosen.map(({ lora }) => lora)),
    model: model.id,
    loras: chosen.map(({ lora, path, fileName, strength }) => ({ id: lora.id, name: lora.name, fileName, path, strength })),
    seeds: chooseSeeds(request.seed ?? null, chooseCount(request, capabilities)),
    ...chooseSize(request, capabilities),
    steps: chooseSteps(request, model),
    guidance: chooseGuidance(request, model),
  };
  return { frozen: { v: 1, characterId, job }, characterName: character?.name ?? null };
}

type Model = ImageCapabilities["models"][number];

function chooseModel(request: GenerationRequest, { models }: ImageCapabilities): Model {
  const model = request.model === undefined ? models[0] : models.find((candidate) => candidate.id === request.model);
  if (model !== undefined) return model;
  if (models.length === 0) throw new AppError("backend_unavailable", "The tool for pictures knows no model.");
  throw refuse("model", `must be one of ${models.map((candidate) => candidate.id).join(", ")}`);
}

function chooseCount(request: GenerationRequest, { maxCount }: ImageCapabilities): number {
  const count = request.count ?? 1;
  if (count > maxCount) throw refuse("count", `must be at most ${maxCount}`);
  return count;
}

function chooseLoras(choices: readonly LoraChoice[], capabilities: ImageCapabilities, library: JobLibrary) {
  const { maxLoras, strength } = capabilities;
  if (choices.length > maxLoras) throw refuse("loras", `must be at most ${maxLoras}`);
  if (new Set(choices.map((choice) => choice.id)).size < choices.length) throw refuse("loras", "must name each LoRA only once");
  return choices.map((choice, index) => {
    if (choice.strength < strength.min || choice.strength > strength.max) {
      throw refuse(`loras.${index}.strength`, `must be between ${strength.min} and ${strength.max}`);
    }
    const found = library.lora(choice.id);
    if (found === null) throw notFound("LoRA", choice.id);
    return { ...found, strength: choice.strength };
  });
}

/** A real model would be given noise, and a person would take the picture for their own failure. */
function assertReal(loras: readonly Lora[]): void {
  const at = loras.findIndex((lora) => lora.simulated);
  if (at < 0) return;
  throw new AppError("conflict", `${loras[at]!.name} cannot be used in production.`, {
    why: "It was made by the simulator of fast-test mode, so it has learned nobody's face.", fix: "Choose a LoRA that was trained on the GPU, or train one.",
    fields: [{ path: `loras.${at}.id`, message: "is simulated" }],
  });
}

/** The words a LoRA was trained on: without them it does little. Added in front where the prompt lacks them. */
export function withTriggers(prompt: string, loras: ReadonlyArray<Pick<Lora, "triggerWord">>): string {
  const missing = loras.map((lora) => lora.triggerWord).filter((word, index, all) => all.indexOf(word) === index && !holdsWord(prompt, word));
  return [...missing, prompt].join(", ");
}

/** One seed gives a row of neighbours, so that each picture of the row can be made again alone. */
function chooseSeeds(seed: number | null, count: number): number[] {
  const first = seed ?? Math.floor(Math.random() * randomSeeds);
  return Array.from({ length: count }, (_, index) => (first <= seedCount - index ? first + index : index - 1 - (seedCount - first)));
}

function chooseSize(request: GenerationRequest, { aspectRatios }: ImageCapabilities): { width: number; height: number } {
  const { width, height } = request;
  if ((width === undefined) !== (height === undefined)) {
    throw refuse(width === undefined ? "width" : "height", "is needed too: a size has a width and a height");
  }
  const ratio = request.aspectRatio === undefined ? aspectRatios[0] : aspectRatios.find((candidate) => candidate.id === request.aspectRatio);
  if (ratio === undefined) throw refuse("aspectRatio", `must be one of ${aspectRatios.map((candidate) => candidate.id).join(", ")}`);
  if (width !== undefined && height !== undefined) {
    if (request.aspectRatio !== undefined && (width !== ratio.width || height !== ratio.height)) {
      throw refuse("aspectRatio", `is ${ratio.width} × ${ratio.height}; send either it or width and height`);
    }
    return { width: snap(width), height: snap(height) };
  }
  return { width: snap(ratio.width), height: snap(ratio.height) };
}

function snap(pixels: number): number {
  return Math.min(sizeMax, Math.max(sizeMin, Math.round(pixels / sizeStep) * sizeStep));
}

/** The form shows these ranges; what lies outside of them is refused here too. */
function assertInForm(request: GenerationRequest, { parameters }: ImageCapabilities): void {
  for (const name of ["steps", "guidance"] as const) {
    const spec = parameters.find((candidate) => candidate.name === name);
    const problem = spec === undefined || request[name] === undefined ? "" : parameterProblem(spec, request[name]);
    if (problem === "") continue;
    throw new AppError("invalid_input", `The pictures cannot be made as asked: ${name}.`, {
      why: `${name}: ${problem}`, fields: [{ path: name, message: problem }],
    });
  }
}

function chooseSteps(request: GenerationRequest, model: Model): number {
  const steps = request.steps ?? model.defaultSteps;
  if (steps > model.maxSteps) throw refuse("steps", `must be at most ${model.maxSteps} with ${model.label}`);
  return steps;
}

function chooseGuidance(request: GenerationRequest, model: Model): number | null {
  if (request.guidance === undefined || model.defaultGuidance !== null) return request.guidance ?? model.defaultGuidance;
  throw new AppError("not_supported", `${model.label} has no guidance.`, {
    why: "This model was made to work without it.", fields: [{ path: "guidance", message: `cannot be set with ${model.label}` }],
  });
}

function refuse(path: string, message: string): AppError {
  return new AppError("invalid_input", `The pictures cannot be made as asked: ${path} ${message}.`, {
    why: `${path} ${message}.`, fields: [{ path, message }],
  });
}
