import type { PictureFormat } from "./picture-kind.ts";

export function formatOf(photo: { readonly mediaType: string }): PictureFormat {
  return photo.mediaType === "image/png" ? "png" : photo.mediaType === "image/webp" ? "webp" : "jpeg";
}

/** Below the folder of all photos. */
export function photoFile(photo: { readonly id: string; readonly characterId: string; readonly mediaType: string }): string {
  const format = formatOf(photo);
  return `${photo.characterId}/${photo.id}.${format === "jpeg" ? "jpg" : format}`;
}
