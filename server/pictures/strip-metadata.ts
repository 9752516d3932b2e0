import type { ByteSource } from "../files/byte-source.ts";
import type { PictureFormat } from "./kind.ts";
import { planJpeg } from "./strip-jpeg.ts";
import { copyPieces, PictureFault, type StripPlan } from "./strip-plan.ts";
import { planPng } from "./strip-png.ts";
import { planWebp } from "./strip-webp.ts";

export type Stripping = { readonly kind: "plan"; readonly plan: StripPlan } | { readonly kind: "fault"; readonly code: PictureFault["code"]; readonly reason: string };

const planners: Record<PictureFormat, (source: ByteSource) => Promise<StripPlan>> = { jpeg: planJpeg, png: planPng, webp: planWebp };

/**
 * Plans the file without place, time, camera, names and comments; pixels stay bit for bit, and which side is up stays
 * as the only Exif field. Doing it twice gives the same bytes, so their hash identifies the picture.
 */
export async function planStripping(format: PictureFormat, source: ByteSource): Promise<Stripping> {
  try {
    return { kind: "plan", plan: await planners[format](source) };
  } catch (error) {
    if (error instanceof PictureFault) return { kind: "fault", code: error.code, reason: error.message };
    throw error;
  }
}

/** The cleaned file, piece by piece, never whole in memory. */
export function strippedBytes(source: ByteSource, plan: StripPlan): AsyncGenerator<Uint8Array> {
  return copyPieces(source, plan.pieces);
}
