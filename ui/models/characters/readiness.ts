import type { Character } from "../../../server/contract/character.ts";
import { formatPercent, plural } from "../../format.ts";
import type { AppModel } from "../app/AppModel.ts";

const defaultMinPhotos = 5;

export type Readiness = "needs-photos" | "ready" | "training" | "trained";

export function readinessOf(app: Pick<AppModel, "info" | "library">, character: Character): Readiness {
  if (character.activeJobId !== null) return "training";
  if (usableCount(app, character) > 0) return "trained";
  return character.photoCount >= minPhotos(app) ? "ready" : "needs-photos";
}

/** LoRAs that pictures can be made with in this mode: by the simulator's nobody is trained for production. */
function usableCount({ library }: Pick<AppModel, "library">, { id }: Character): number {
  return library.usable.value.filter((lora) => lora.characterId === id).length;
}

export function minPhotos({ info }: Pick<AppModel, "info">): number {
  return info.value.training?.minPhotos ?? defaultMinPhotos;
}

/** The badge's word; reads the progress of a training, so it changes while one runs. */
export function readinessWord(app: Pick<AppModel, "info" | "jobs" | "library">, character: Character): string {
  switch (readinessOf(app, character)) {
    case "training": {
      const fraction = app.jobs.progress(character.activeJobId!).value?.fraction ?? null;
      return fraction === null ? "Training" : `Training ${formatPercent(fraction)}`;
    }
    case "trained":
      return "Trained";
    case "ready":
      return "Ready to train";
    case "needs-photos":
      return "Needs photos";
  }
}

export function readinessSentence(app: Pick<AppModel, "info" | "library">, character: Character): string {
  const photos = plural(character.photoCount, "photo");
  switch (readinessOf(app, character)) {
    case "training":
      return `A training with ${photos} is under way.`;
    case "trained":
      return `Trained: ${plural(usableCount(app, character), "LoRA")}. Generate adds “${character.triggerWord}” by itself. ${photos} now.`;
    case "ready":
      return character.photoCount < 10 ? `Ready to train with ${photos}. 10 to 20 give a better likeness.` : `Ready to train with ${photos}.`;
    case "needs-photos":
      return `${photos} so far. ${minPhotos(app) === 1 ? "At least 1 is" : `At least ${minPhotos(app)} are`} needed, 10 to 20 are good.`;
  }
}
