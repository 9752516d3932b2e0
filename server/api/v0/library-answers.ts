import type { Character, Photo } from "../../contract/character.ts";
import type { Lora } from "../../contract/lora.ts";

/** `loras`: all that there are, newest first. There are no paths any more; an address stands where one stood. */
export function earlierCharacter(character: Character, loras: readonly Lora[]) {
  const newest = loras.find((lora) => lora.id === character.latestLoraId);
  return {
    id: character.id,
    name: character.name,
    description: character.description === "" ? null : character.description,
    trigger_word: character.triggerWord,
    created_at: character.createdAt,
    updated_at: character.updatedAt,
    image_count: character.photoCount,
    lora_path: newest?.downloadUrl ?? null,
    lora_trained_at: newest?.createdAt ?? null,
  };
}

/** The name under which `/images/{file}` answers. */
export function earlierFileName(photo: Photo): string {
  return `${photo.id}.${photo.mediaType === "image/jpeg" ? "jpg" : photo.mediaType.slice("image/".length)}`;
}

interface Uploaded {
  readonly uploaded: readonly Photo[];
  readonly duplicates: ReadonlyArray<{ readonly filename: string }>;
  readonly rejected: ReadonlyArray<{ readonly filename: string; readonly reason: string }>;
  readonly totalImages: number;
}

export function earlierUpload({ uploaded, duplicates, rejected, totalImages }: Uploaded) {
  return {
    uploaded: uploaded.map(earlierFileName),
    rejected: [
      ...rejected.map(({ filename, reason }) => ({ filename, reason })),
      ...duplicates.map(({ filename }) => ({ filename, reason: "This photo is already there." })),
    ],
    total_images: totalImages,
  };
}

export function earlierLora(lora: Lora) {
  return {
    id: lora.id,
    name: lora.name,
    filename: `${lora.triggerWord}-v${lora.version}.safetensors`,
    trigger_word: lora.triggerWord,
    size_bytes: lora.sizeBytes,
    uploaded_at: lora.createdAt,
    path: lora.downloadUrl,
  };
}
