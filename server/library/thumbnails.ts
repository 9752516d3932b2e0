import { writeDurably } from "../files/durable.ts";
import type { Orientation } from "./exif.ts";
import type { PictureFormat } from "./picture-kind.ts";
import { Slots } from "./slots.ts";

/** Longest side of a thumbnail. */
export const thumbnailPixels = 320;

/** Above this a picture is refused before a pixel is decoded: it would take more than 256 MB. */
export const maxPixels = 64_000_000;

const quality = 78;
const smallBytes = 4_000_000;
/** Work that holds all pixels of a picture takes both. */
export const decoding = new Slots(2);

/** Less than a large photo. Shrinking after each small one would make their import a third slower. */
const shrinkAfterBytes = 8_000_000;
let decodedBytes = 0;

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** Only JPEG is turned by the decoder itself; the others are turned here. */
function turned(format: PictureFormat): boolean {
  return format === "jpeg";
}

/** Size as a person sees it, read from the header alone. Rejects with the decoder's `code`. */
export async function pictureSize(path: string, format: PictureFormat, orientation: Orientation, signal?: AbortSignal): Promise<PictureSize> {
  const { width, height } = await decoding.run(unitsOf(Bun.file(path).size, format), () => new Bun.Image(path, { maxPixels }).metadata(), signal);
  return !turned(format) && orientation >= 5 ? { width: height, height: width } : { width, height };
}

/**
 * Decodes the picture fully and writes its thumbnail (WebP) to `target`. Rejects with the decoder's `code` for a damaged
 * picture, and with the reason of `signal` where nobody wants it any more before its turn has come.
 */
export async function makeThumbnail(path: string, target: string, format: PictureFormat, orientation: Orientation, signal?: AbortSignal): Promise<void> {
  const { size } = Bun.file(path);
  const bytes = await decoding.run(unitsOf(size, format), () => {
    const image = new Bun.Image(path, { maxPixels });
    if (!turned(format)) turn(image, orientation);
    image.resize(thumbnailPixels, thumbnailPixels, { fit: "inside", withoutEnlargement: true }).webp({ quality });
    return image.bytes().finally(() => giveBackMemory(size));
  }, signal);
  await writeDurably(target, bytes);
}

/** The allocator and the heap keep for later what an import freed, and the next one adds to it. */
function giveBackMemory(bytes: number): void {
  decodedBytes += bytes;
  if (decodedBytes < shrinkAfterBytes) return;
  decodedBytes = 0;
  Bun.shrink();
}

/** The decoder holds the whole file, and all pixels unless it is a JPEG: what is large is decoded alone. */
function unitsOf(bytes: number, format: PictureFormat): number {
  return format === "jpeg" && bytes <= smallBytes ? 1 : 2;
}

/** The decoder turns first and mirrors then, whatever the order of the calls. */
export function turn(image: Bun.Image, orientation: Orientation): void {
  if (orientation === 3 || orientation === 4) image.rotate(180);
  if (orientation === 5 || orientation === 6) image.rotate(90);
  if (orientation === 7 || orientation === 8) image.rotate(270);
  if (orientation === 2 || orientation === 4 || orientation === 5 || orientation === 7) image.flop();
}
