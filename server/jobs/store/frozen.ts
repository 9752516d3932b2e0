import type { ImageJob } from "../../../plugins/interfaces/image.ts";
import type { TrainingJob } from "../../../plugins/interfaces/training.ts";

/** What a job was accepted with. Later edits of the character, its photos or presets do not reach it. */
export interface FrozenTraining {
  readonly v: 1;
  readonly characterId: string;
  readonly job: TrainingJob;
}

export interface FrozenPictures {
  readonly v: 1;
  readonly characterId: string | null;
  readonly job: ImageJob;
}

/** Throws with a sentence when the text is not what this version wrote. */
export function readTraining(text: string): FrozenTraining {
  const frozen = readObject(text);
  const job = frozen["job"] as Partial<TrainingJob> | undefined;
  if (frozen["v"] !== 1 || typeof frozen["characterId"] !== "string" || !Array.isArray(job?.photos) || typeof job.values !== "object") {
    throw unreadable();
  }
  return frozen as unknown as FrozenTraining;
}

export function readPictures(text: string): FrozenPictures {
  const frozen = readObject(text);
  const job = frozen["job"] as Partial<ImageJob> | undefined;
  if (frozen["v"] !== 1 || !Array.isArray(job?.seeds) || !Array.isArray(job.loras) || typeof job.prompt !== "string") throw unreadable();
  return frozen as unknown as FrozenPictures;
}

function readObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // told below, in the same words as any other unreadable content
  }
  throw unreadable();
}

export class UnreadableJob extends Error {
  override readonly name = "UnreadableJob";
}

function unreadable(): UnreadableJob {
  return new UnreadableJob("The stored description of this job cannot be read.");
}
