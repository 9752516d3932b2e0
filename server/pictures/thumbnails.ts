import type { Orientation } from "./exif.ts";
import type { PictureFormat } from "./kind.ts";
import { decode } from "./decode.ts";
import { decoding } from "./decoding.ts";
import { maxPixels, turnsItself } from "./draw.ts";

const smallBytes = 4_000_000;

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** A picture as it lies on the disk. */
export interface StoredPicture {
  readonly path: string;
  readonly format: PictureFormat;
  readonly orientation: Orientation;
  /** How often its data pass over all pixels: the scans of a JPEG. */
  readonly passes: number;
}

/** Size as a person sees it, read from the header alone. Rejects with the decoder's `code`. */
export async function pictureSize({ path, format, orientation }: StoredPicture, signal?: AbortSignal): Promise<PictureSize> {
  const { width, height } = await decoding.run(unitsOf(Bun.file(path).size, format), () => new Bun.Image(path, { maxPixels }).metadata(), signal);
  return !turnsItself(format) && orientation >= 5 ? { width: height, height: width } : { width, height };
}

/**
 * Decodes the picture fully and writes its thumbnail (WebP) to `target`. Rejects with the decoder's `code` for a damaged
 * picture, with `PictureFault` for one that takes too much, and with the reason of `signal` where nobody wants it any more.
 */
export async function makeThumbnail(picture: StoredPicture, target: string, signal?: AbortSignal): Promise<void> {
  const { path, format, orientation, passes } = picture;
  const { width, height } = await pictureSize(picture, signal);
  const task = { kind: "thumbnail", path, format, orientation, target } as const;
  await decoding.run(unitsOf(Bun.file(path).size, format), () => decode(task, { pixels: width * height, passes }, signal), signal);
}

/** The decoder holds the whole file, and all pixels unless it is a JPEG: what is large is decoded alone. */
function unitsOf(bytes: number, format: PictureFormat): number {
  return format === "jpeg" && bytes <= smallBytes ? 1 : 2;
}
