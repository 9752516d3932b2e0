import { copyFileSync, linkSync, mkdirSync } from "node:fs";
import { extname, join } from "node:path";
import type { Feature, Preset } from "../../contract/backend.ts";
import type { TrainingRequest } from "../../contract/job.ts";
import { AppError, notFound } from "../../base/errors.ts";
import type { TrainingBackend, TrainingPhoto } from "../../../plugins/interfaces/training.ts";
import { checkValues } from "./check-values.ts";
import type { FrozenTraining } from "../store/frozen.ts";
import type { JobLibrary, StoredPhoto } from "../ports.ts";

export interface AcceptedTraining {
  readonly frozen: FrozenTraining;
  readonly characterName: string;
  readonly presetLabel: string;
}

/** The form sends this when every value was set by hand; it stands on the balanced preset. */
const customPreset = "custom";
const balancedPreset = "balanced";

/**
 * Checks a request to train and fixes all that it will use. The photos are linked into `jobDir`, so deleting one in the
 * library does not reach the job. Throws AppError with what is wrong; then `jobDir` may hold links that nobody needs.
 */
export function freezeTraining(request: TrainingRequest, backend: TrainingBackend, library: JobLibrary, jobDir: string): AcceptedTraining {
  const { character, photos, preset, values, baseModel } = checkTraining(request, backend, library);
  const job = {
    name: `${character.triggerWord.replaceAll(/[^A-Za-z0-9_-]/g, "_")}_v${library.nextVersion(character.id)}`,
    triggerWord: character.triggerWord,
    baseModel,
    photos: keepPhotos(photos, join(jobDir, "photos")),
    values,
  };
  return { frozen: { v: 1, characterId: character.id, job }, characterName: character.name, presetLabel: preset.label };
}

/** The checks alone; writes nothing. */
export function checkTraining(request: TrainingRequest, backend: TrainingBackend, library: JobLibrary) {
  const character = library.character(request.characterId);
  if (character === null) throw notFound("character", request.characterId);
  const capabilities = backend.capabilities();
  assertMethod(request.method, capabilities.methods);
  const photos = library.photos(character.id);
  assertEnough(character.name, photos.length, capabilities.minPhotos);
  const preset = choosePreset(backend.presets({ photoCount: photos.length }), request.preset ?? balancedPreset);
  const values = checkValues(capabilities.parameters, preset.values, request.values ?? {});
  const baseModel = capabilities.baseModels[0];
  if (baseModel === undefined) throw new AppError("backend_unavailable", "The training tool knows no base model.");
  return { character, photos, preset, values, baseModel: baseModel.id };
}

function assertMethod(wanted: string | undefined, methods: readonly Feature[]): void {
  if (wanted === undefined) return;
  const known = methods.find(({ id, label }) => id === wanted.toLowerCase() || label.toLowerCase() === wanted.toLowerCase());
  if (known?.supported === true) return;
  if (known === undefined) {
    const message = `must be one of ${methods.filter(({ supported }) => supported).map(({ id }) => id).join(", ")}`;
    throw new AppError("invalid_input", `There is no method called ${JSON.stringify(wanted)}.`, { why: `The method ${message}.`, fields: [{ path: "method", message }] });
  }
  throw new AppError("not_supported", `${known.label} cannot be trained here.`, {
    why: known.reason ?? "It is not built.", fix: "Leave the method out to train a LoRA.", fields: [{ path: "method", message: known.reason ?? "is not built" }],
  });
}

function assertEnough(name: string, count: number, least: number): void {
  if (count >= Math.max(1, least)) return;
  const has = count === 0 ? "no photos" : count === 1 ? "one photo" : `${count} photos`;
  throw new AppError("no_photos", `${name} has ${has}.`, { why: `A training needs at least ${Math.max(1, least)}.` });
}

function choosePreset(presets: readonly Preset[], wanted: string): Preset {
  const exact = presets.find((preset) => preset.id === wanted || preset.label.toLowerCase() === wanted.toLowerCase());
  if (exact !== undefined) return exact;
  const balanced = presets.find((preset) => preset.id === balancedPreset);
  if (wanted.toLowerCase() === customPreset && balanced !== undefined) return { ...balanced, id: customPreset, label: "Custom" };
  const message = `must be one of ${[...presets.map((preset) => preset.id), customPreset].join(", ")}`;
  throw new AppError("invalid_input", `There is no preset called ${JSON.stringify(wanted)}.`, {
    why: `The preset ${message}.`, fields: [{ path: "preset", message }],
  });
}

function keepPhotos(photos: readonly StoredPhoto[], folder: string): TrainingPhoto[] {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return photos.map((photo) => {
    const path = join(folder, `${photo.sha256}${extname(photo.path)}`);
    linkOrCopy(photo.path, path);
    return { path, sha256: photo.sha256, mediaType: photo.mediaType, caption: photo.caption, fileName: photo.fileName };
  });
}

/** A link costs nothing; file systems without links (some network volumes) get a copy. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      throw new AppError("not_found", "A photo of this character is missing on the disk.", {
        why: "Its file was removed outside of Isengard.", fix: "Delete the photo that shows no picture, then start again.", cause: error,
      });
    }
    copyFileSync(from, to);
  }
}
