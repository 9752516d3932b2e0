import { windowBytes, type ByteSource } from "../files/byte-source.ts";
import type { Orientation } from "./exif.ts";

/** A part of the cleaned file: a range of the original, or bytes of ours. */
export type Piece = { readonly from: number; readonly to: number } | Uint8Array;

export interface StripPlan {
  readonly pieces: readonly Piece[];
  readonly orientation: Orientation;
  /** False for a JPEG without the mark of its end, which was then added. */
  readonly hasEnd: boolean;
  /** How often the data pass over all pixels: the scans of a JPEG. */
  readonly passes: number;
}

/** Thrown for a file that cannot become a photo. The message finishes the sentence "This file …". */
export class PictureFault extends Error {
  override readonly name = "PictureFault";

  constructor(message: string, readonly code: "damaged" | "unsupported" | "too_large" = "damaged") {
    super(message);
  }
}

export const cutOff = "is cut off: its end is missing. Copy it again from where it came.";
export const damaged = "is damaged and cannot be read as a picture.";

/** A file with more parts than this was made to keep us busy. */
export const partLimit = 65_536;

export async function* copyPieces(source: ByteSource, pieces: readonly Piece[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) {
      yield piece;
      continue;
    }
    for (let at = piece.from; at < piece.to;) {
      const chunk = await source.read(at, Math.min(windowBytes, piece.to - at));
      if (chunk.length === 0) throw new PictureFault(cutOff);
      yield chunk;
      at += chunk.length;
    }
  }
}

/** Reads exactly `length` bytes, or throws. */
export async function readExactly(source: ByteSource, at: number, length: number): Promise<Uint8Array> {
  const bytes = await source.read(at, length);
  if (bytes.length < length) throw new PictureFault(cutOff);
  return bytes;
}

export function keepRange(pieces: Piece[], from: number, to: number): void {
  const last = pieces.at(-1);
  if (last && !(last instanceof Uint8Array) && last.to === from) pieces[pieces.length - 1] = { from: last.from, to };
  else pieces.push({ from, to });
}
