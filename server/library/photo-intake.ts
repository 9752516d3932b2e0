import { AppError } from "../errors.ts";
import { FileSource } from "../files/byte-source.ts";
import { writePart, type PartFile } from "../files/durable.ts";
import type { Orientation } from "./exif.ts";
import { pictureKind, sniffBytes, type PictureFormat } from "./picture-kind.ts";
import { planStripping, strippedBytes } from "./strip-metadata.ts";
import { damaged, PictureFault } from "./strip-plan.ts";
import { makeThumbnail, maxPixels, pictureSize, type PictureSize } from "./thumbnails.ts";

export const photoLimits = { bytes: 50_000_000, minSide: 64, maxSide: 16_383, perCharacter: 2000 } as const;

/** Why a file did not become a photo. `reason` is a whole sentence. */
export interface Rejection {
  readonly kind: "rejected";
  readonly code: "unsupported" | "damaged" | "too_small" | "too_large" | "too_many";
  readonly reason: string;
}

export interface CleanedPhoto {
  readonly kind: "cleaned";
  readonly part: PartFile;
  readonly format: PictureFormat;
  readonly mediaType: string;
  readonly extension: string;
  readonly orientation: Orientation;
}

export function rejection(code: Rejection["code"], reason: string): Rejection {
  return { kind: "rejected", code, reason: `This file ${reason}` };
}

/** Looks at the content and writes the cleaned copy as a part of `targetOf(extension)`. The source is only read. */
export async function cleanPhoto(source: string, targetOf: (extension: string) => string): Promise<CleanedPhoto | Rejection> {
  const file = await FileSource.open(source);
  try {
    if (file.size > photoLimits.bytes) return rejection("too_large", `has ${megabytes(file.size)}; a photo may have up to 50 MB.`);
    const found = pictureKind(await file.read(0, sniffBytes), file.size);
    if (found.kind === "other") return rejection(found.code, found.reason);
    const stripping = await planStripping(found.format, file);
    if (stripping.kind === "fault") return rejection(stripping.code, stripping.reason);
    const part = await writePart(targetOf(found.extension), strippedBytes(file, stripping.plan));
    return { ...found, kind: "cleaned", part, orientation: stripping.plan.orientation };
  } catch (error) {
    // The file became shorter while it was copied.
    if (error instanceof PictureFault) return rejection(error.code, error.message);
    throw error;
  } finally {
    await file.close();
  }
}

/** Size limits first, from the header; then the picture is really decoded, which makes the thumbnail. */
export async function provePhoto(photo: CleanedPhoto, thumbnail: string): Promise<PictureSize | Rejection> {
  try {
    const size = await pictureSize(photo.part.path, photo.format, photo.orientation);
    const wrong = wrongSize(size);
    if (wrong !== null) return wrong;
    await makeThumbnail(photo.part.path, thumbnail, photo.format, photo.orientation);
    return size;
  } catch (error) {
    return fromDecoder(error);
  }
}

function wrongSize({ width, height }: PictureSize): Rejection | null {
  const size = `has ${width} × ${height} pixels`;
  if (Math.min(width, height) < photoLimits.minSide) return rejection("too_small", `${size}; each side needs at least 64.`);
  if (Math.max(width, height) > photoLimits.maxSide) return rejection("too_large", `${size}; a side may have up to 16,383.`);
  return width * height > maxPixels ? rejection("too_large", `${size}; up to 64 megapixels are accepted.`) : null;
}

function fromDecoder(error: unknown): Rejection {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ERR_IMAGE_TOO_MANY_PIXELS") return rejection("too_large", "has too many pixels; up to 64 megapixels are accepted.");
  if (code.startsWith("ERR_IMAGE_")) return rejection("damaged", damaged);
  throw error;
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1_000_000).toLocaleString("en")} MB`;
}

export function tooManyPhotos(): Rejection {
  return { kind: "rejected", code: "too_many", reason: `A character can have ${photoLimits.perCharacter.toLocaleString("en")} photos. Delete some first.` };
}

export function assertCaption(caption: string): void {
  if (caption.length <= 2000) return;
  const message = "A caption has at most 2,000 characters.";
  throw new AppError("invalid_input", "The caption cannot be used.", { why: message, fields: [{ path: "caption", message }] });
}
