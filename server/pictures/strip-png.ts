import { windowBytes, type ByteSource } from "../files/byte-source.ts";
import { orientationTiff, readOrientation, type Orientation } from "./exif.ts";
import { cutOff, damaged, keepRange, partLimit, PictureFault, readExactly, type Piece, type StripPlan } from "./strip-plan.ts";

const signatureBytes = 8;
const exifLimitBytes = 1024 * 1024;
/** What a decoder needs for the right pixels and colours. Everything else goes, known or not. */
const needed = new Set(["IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB", "iCCP", "cICP", "sBIT", "pHYs"]);

/** Walks the chunks of a PNG and checks their sums, which the decoder does not. Animations keep their still picture. */
export async function planPng(source: ByteSource): Promise<StripPlan> {
  const pieces: Piece[] = [{ from: 0, to: signatureBytes }];
  let orientation: Orientation = 1;
  let at = signatureBytes;
  let headerEnd = 0;
  for (let parts = 0; parts < partLimit; parts++) {
    const head = await readExactly(source, at, 8);
    const length = new DataView(head.buffer, head.byteOffset, 8).getUint32(0);
    const type = String.fromCharCode(...head.subarray(4));
    const end = at + 12 + length;
    if ((parts === 0) !== (type === "IHDR") || !/^[A-Za-z]{4}$/.test(type)) throw new PictureFault(damaged);
    if (end > source.size) throw new PictureFault(cutOff);
    if (parts === 0) headerEnd = end;
    if (needed.has(type)) {
      await checkSum(source, at + 4, end - 4);
      keepRange(pieces, at, end);
    } else if (type === "eXIf" && length <= exifLimitBytes) {
      orientation = readOrientation(await readExactly(source, at + 8, length));
    }
    at = end;
    if (type === "IEND") return { pieces: withOrientation(pieces, headerEnd, orientation), orientation, hasEnd: true, passes: 1 };
  }
  throw new PictureFault(damaged);
}

async function checkSum(source: ByteSource, from: number, to: number): Promise<void> {
  let sum = 0;
  for (let at = from; at < to;) {
    const bytes = await source.read(at, Math.min(windowBytes, to - at));
    if (bytes.length === 0) throw new PictureFault(cutOff);
    sum = Bun.hash.crc32(bytes, sum);
    at += bytes.length;
  }
  const stored = await readExactly(source, to, 4);
  if (new DataView(stored.buffer, stored.byteOffset, 4).getUint32(0) !== sum) throw new PictureFault(damaged);
}

function withOrientation(pieces: Piece[], headerEnd: number, orientation: Orientation): Piece[] {
  const first = pieces[0]!;
  if (orientation === 1 || first instanceof Uint8Array) return pieces;
  const rest = first.to > headerEnd ? [{ from: headerEnd, to: first.to }] : [];
  return [{ from: 0, to: headerEnd }, pngChunk("eXIf", orientationTiff(orientation)), ...rest, ...pieces.slice(1)];
}

export function pngChunk(type: string, body: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(body.length + 12);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, body.length);
  for (let index = 0; index < 4; index++) chunk[4 + index] = type.charCodeAt(index);
  chunk.set(body, 8);
  view.setUint32(8 + body.length, Bun.hash.crc32(chunk.subarray(4, 8 + body.length)));
  return chunk;
}
