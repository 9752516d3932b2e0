import { writeDurably } from "../files/durable.ts";
import type { Orientation } from "./exif.ts";
import type { PictureFormat } from "./kind.ts";

/** Longest side of a thumbnail. */
const thumbnailPixels = 320;

/** Above this a picture is refused before a pixel is decoded: it would take more than 256 MB. */
export const maxPixels = 64_000_000;

const quality = 78;

/** Less than a large photo. Shrinking after each small one would make their import a third slower. */
const shrinkAfterBytes = 8_000_000;
let decodedBytes = 0;

/** Only JPEG is turned by the decoder itself; the others are turned here. */
export function turnsItself(format: PictureFormat): boolean {
  return format === "jpeg";
}

/** Decodes the picture fully and writes its thumbnail (WebP) to `target`. Rejects with the decoder's `code` for a damaged picture. */
export async function drawThumbnail(path: string, target: string, format: PictureFormat, orientation: Orientation): Promise<void> {
  const image = new Bun.Image(path, { maxPixels });
  if (!turnsItself(format)) turn(image, orientation);
  image.resize(thumbnailPixels, thumbnailPixels, { fit: "inside", withoutEnlargement: true }).webp({ quality });
  const bytes = await image.bytes().finally(() => giveBackMemory(Bun.file(path).size));
  await writeDurably(target, bytes);
}

/** The allocator and the heap keep for later what an import freed, and the next one adds to it. */
function giveBackMemory(bytes: number): void {
  decodedBytes += bytes;
  if (decodedBytes < shrinkAfterBytes) return;
  decodedBytes = 0;
  Bun.shrink();
}

/** The decoder turns first and mirrors then, whatever the order of the calls. */
export function turn(image: Bun.Image, orientation: Orientation): void {
  if (orientation === 3 || orientation === 4) image.rotate(180);
  if (orientation === 5 || orientation === 6) image.rotate(90);
  if (orientation === 7 || orientation === 8) image.rotate(270);
  if (orientation === 2 || orientation === 4 || orientation === 5 || orientation === 7) image.flop();
}
