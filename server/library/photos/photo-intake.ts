import type { PhotoChange } from "../../contract/character.ts";
import { AppError } from "../../base/errors.ts";
import { FileSource } from "../../files/byte-source.ts";
import { removeFile, writePart, type PartFile } from "../../files/durable.ts";
import type { Orientation } from "../../pictures/exif.ts";
import { pictureKind, sniffBytes, type PictureFormat } from "../../pictures/kind.ts";
import { decode } from "../../pictures/decode.ts";
import { decoding } from "../../pictures/decoding.ts";
import { maxPixels } from "../../pictures/draw.ts";
import { pictures } from "../../pictures/on-demand.ts";
import { planStripping, strippedBytes } from "../../pictures/strip-metadata.ts";
import { damaged, PictureFault } from "../../pictures/strip-plan.ts";
import { makeThumbnail, pictureSize, type PictureSize, type StoredPicture } from "../../pictures/thumbnails.ts";

export const photoLimits = { bytes: 50_000_000, minSide: 64, maxSide: 16_383, perCharacter: 2000 } as const;

/** AI-Toolkit's smallest usual resolution. */
const smallSide = 512;

/** Behind the name of a photo: one that is being written anew. */
export const scratchSuffix = ".bmp.part";

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
  /** How often its data pass over all pixels: the scans of a JPEG. */
  readonly passes: number;
  readonly changes: PhotoChange[];
}

export function rejection(code: Rejection["code"], reason: string): Rejection {
  return { kind: "rejected", code, reason: `This file ${reason}` };
}

/** Looks at the content and writes the cleaned copy as a part of `targetOf(extension)`. The source is only read. Throws the reason of `signal` where the sender left. */
export async function cleanPhoto(source: string, targetOf: (extension: string) => string, signal?: AbortSignal): Promise<CleanedPhoto | Rejection> {
  const file = await FileSource.open(source);
  try {
    if (file.size > photoLimits.bytes) return rejection("too_large", `has ${megabytes(file.size)}; a photo may have up to 50 MB.`);
    const found = pictureKind(await file.read(0, sniffBytes), file.size);
    if (found.kind === "other") return rejection(found.code, found.reason);
    const stripping = await planStripping(found.format, file);
    if (stripping.kind === "fault") return rejection(stripping.code, stripping.reason);
    const part = await writePart(targetOf(found.extension), strippedBytes(file, stripping.plan));
    const cleaned: CleanedPhoto = { ...found, kind: "cleaned", part, orientation: stripping.plan.orientation, passes: stripping.plan.passes, changes: [] };
    const whole = stripping.plan.hasEnd ? Promise.resolve() : pictures.wholeness().then(({ assertWhole }) => assertWhole(part.path));
    return await whole.then(() => madePlain(cleaned, targetOf, signal)).catch(async (error: unknown) => {
      await part.discard();
      throw error;
    });
  } catch (error) {
    return fromDecoder(error);
  } finally {
    await file.close();
  }
}

/** The photo as it came where it says nothing beyond 8-bit opaque sRGB; else a new one that does not. */
async function madePlain(photo: CleanedPhoto, targetOf: (extension: string) => string, signal: AbortSignal | undefined): Promise<CleanedPhoto | Rejection> {
  const { part, format, orientation, passes } = photo;
  const source = await FileSource.open(part.path);
  const { isPlain, meaningOf } = await pictures.meaning();
  const meaning = await meaningOf(format, source).finally(() => source.close());
  if (isPlain(meaning)) return photo;
  if (format === "jpeg") await (await pictures.wholeness()).assertWhole(part.path);
  const size = await pictureSize(storedOf(photo), signal);
  const wrong = wrongSize(size);
  if (wrong !== null) {
    await part.discard();
    return wrong;
  }
  const scratch = `${targetOf(photo.extension)}${scratchSuffix}`;
  const task = { kind: "plain", path: part.path, format, orientation, target: scratch } as const;
  try {
    const plain = await decoding.run(2, () => decode(task, { pixels: size.width * size.height, passes }, signal), signal);
    if (plain === null) return photo;
    await part.discard();
    const extension = plain.format === "jpeg" ? "jpg" : "png";
    const written = await writePart(targetOf(extension), Bun.file(scratch).stream());
    return { ...photo, ...plain, part: written, mediaType: `image/${plain.format}`, extension, orientation: 1, passes: 1 };
  } finally {
    await removeFile(scratch);
  }
}

function storedOf({ part, format, orientation, passes }: CleanedPhoto): StoredPicture {
  return { path: part.path, format, orientation, passes };
}

/** Size limits first, from the header; then the picture is really decoded, which makes the thumbnail. */
export async function provePhoto(photo: CleanedPhoto, thumbnail: string, signal?: AbortSignal): Promise<PictureSize | Rejection> {
  try {
    const size = await pictureSize(storedOf(photo), signal);
    const wrong = wrongSize(size);
    if (wrong !== null) return wrong;
    await makeThumbnail(storedOf(photo), thumbnail, signal);
    // One that was written anew has been walked before that.
    const isAsItCame = photo.format === "jpeg" && photo.changes.length === 0;
    const { assertWhole, hasGreyCorner } = await pictures.wholeness();
    if (isAsItCame && (await hasGreyCorner(thumbnail))) await assertWhole(photo.part.path);
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
  if (error instanceof PictureFault) return rejection(error.code, error.message);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ERR_IMAGE_TOO_MANY_PIXELS") return rejection("too_large", "has too many pixels; up to 64 megapixels are accepted.");
  if (code.startsWith("ERR_IMAGE_")) return rejection("damaged", damaged);
  throw error;
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1_000_000).toLocaleString("en")} MB`;
}

/** Said on the photo, no refusal: the trainer would have to enlarge it. */
export function withSizeWarning(changes: readonly PhotoChange[], { width, height }: PictureSize): PhotoChange[] {
  if (Math.min(width, height) >= smallSide) return [...changes];
  return [...changes, { code: "small", text: `It has ${width} × ${height} pixels, which is less than ${smallSide} on a side: little can be learned from it.` }];
}

export function tooManyPhotos(): Rejection {
  return { kind: "rejected", code: "too_many", reason: `A character can have ${photoLimits.perCharacter.toLocaleString("en")} photos. Delete some first.` };
}

export function assertCaption(caption: string): void {
  if (caption.length <= 2000) return;
  const message = "A caption has at most 2,000 characters.";
  throw new AppError("invalid_input", "The caption cannot be used.", { why: message, fields: [{ path: "caption", message }] });
}
