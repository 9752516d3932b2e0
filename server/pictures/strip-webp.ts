import type { ByteSource } from "../files/byte-source.ts";
import { exifPrefix, hasExifPrefix, orientationTiff, readOrientation, type Orientation } from "./exif.ts";
import { cutOff, damaged, keepRange, partLimit, PictureFault, readExactly, type Piece, type StripPlan } from "./strip-plan.ts";

const riffHeaderBytes = 12;
const extendedBytes = 18;
const exifLimitBytes = 1024 * 1024;
const needed = new Set(["ICCP", "ALPH", "VP8 ", "VP8L"]);
const exifFlag = 0x08;
const xmpFlag = 0x04;

/** Walks the RIFF chunks of a WebP; Exif, XMP and everything unknown goes, and what stands behind the RIFF end. */
export async function planWebp(source: ByteSource): Promise<StripPlan> {
  const riff = await readExactly(source, 0, riffHeaderBytes);
  // Some writers count one padding byte that they then leave out.
  const declared = 8 + readUint32(riff, 4);
  const end = declared === source.size + 1 ? source.size : declared;
  if (end > source.size) throw new PictureFault(cutOff);
  const pieces: Piece[] = [];
  let extended: Uint8Array | null = null;
  let orientation: Orientation = 1;
  let pictures = 0;
  let at = riffHeaderBytes;
  for (let parts = 0; at + 8 <= end; parts++) {
    if (parts >= partLimit) throw new PictureFault(damaged);
    const head = await readExactly(source, at, 8);
    const type = String.fromCharCode(...head.subarray(0, 4));
    const length = readUint32(head, 4);
    const next = at + 8 + length + (length & 1);
    if (at + 8 + length > end) throw new PictureFault(damaged);
    if (type === "ANIM" || type === "ANMF") throw new PictureFault("is an animation, not a photo. Save one picture of it as JPEG or PNG.", "unsupported");
    if (type === "VP8 " || type === "VP8L") pictures++;
    if (type === "VP8X" && length === 10) extended = (await readExactly(source, at, extendedBytes)).slice();
    else if (type === "EXIF" && length <= exifLimitBytes) orientation = exifOrientation(await readExactly(source, at + 8, length));
    else if (needed.has(type)) {
      keepRange(pieces, at, Math.min(next, end));
      // Some writers leave the last padding byte out; a chunk of ours may follow.
      if (next > end) pieces.push(new Uint8Array(1));
    }
    at = next;
  }
  if (pictures !== 1) throw new PictureFault(damaged);
  return assemble(pieces, extended, extended ? orientation : 1);
}

function assemble(kept: Piece[], extended: Uint8Array | null, orientation: Orientation): StripPlan {
  const body: Piece[] = [...kept];
  if (extended) {
    extended[8] = (extended[8]! & ~(exifFlag | xmpFlag)) | (orientation > 1 ? exifFlag : 0);
    body.unshift(extended);
  }
  if (orientation > 1) body.push(riffChunk("EXIF", orientationTiff(orientation)));
  const length = body.reduce((sum, piece) => sum + (piece instanceof Uint8Array ? piece.length : piece.to - piece.from), 0);
  const header = new Uint8Array(riffHeaderBytes);
  header.set([0x52, 0x49, 0x46, 0x46]);
  new DataView(header.buffer).setUint32(4, length + 4, true);
  header.set([0x57, 0x45, 0x42, 0x50], 8);
  return { pieces: [header, ...body], orientation, hasEnd: true, passes: 1 };
}

function exifOrientation(bytes: Uint8Array): Orientation {
  return readOrientation(hasExifPrefix(bytes) ? bytes.subarray(exifPrefix.length) : bytes);
}

function riffChunk(type: string, body: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(8 + body.length + (body.length & 1));
  for (let index = 0; index < 4; index++) chunk[index] = type.charCodeAt(index);
  new DataView(chunk.buffer).setUint32(4, body.length, true);
  chunk.set(body, 8);
  return chunk;
}

function readUint32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true);
}
