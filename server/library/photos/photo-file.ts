import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { PictureFormat } from "../../pictures/kind.ts";

export function formatOf(photo: { readonly mediaType: string }): PictureFormat {
  return photo.mediaType === "image/png" ? "png" : photo.mediaType === "image/webp" ? "webp" : "jpeg";
}

/** Below the folder of all photos. */
export function photoFile(photo: { readonly id: string; readonly characterId: string; readonly mediaType: string }): string {
  const format = formatOf(photo);
  return `${photo.characterId}/${photo.id}.${format === "jpeg" ? "jpg" : format}`;
}

/** Those of one person that are there, named as `photoFile` does. One look at the folder: asking for each of many files takes long on a network volume. */
export function photoFilesOf(photos: string, characterId: string): ReadonlySet<string> {
  try {
    return new Set(readdirSync(join(photos, characterId)).map((name) => `${characterId}/${name}`));
  } catch {
    return new Set(); // no folder, no file
  }
}
