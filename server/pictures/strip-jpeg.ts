import type { ByteSource } from "../files/byte-source.ts";
import { findScanEnd } from "../formats/jpeg-scan-end.ts";
import { exifPrefix, hasExifPrefix, orientationTiff, readOrientation, type Orientation } from "./exif.ts";
import { cutOff, damaged, keepRange, partLimit, PictureFault, readExactly, type Piece, type StripPlan } from "./strip-plan.ts";

const startOfScan = 0xda;
const endOfImage = 0xd9;
/** Each scan passes over all pixels: a cheap file could keep a decoder busy for hours. Encoders write 1 to some 15; this takes seconds at most. */
const maxScans = 200;
const maxScanPixels = 1_600_000_000;
const tooManyScans = "is built of more layers than any camera or program makes. Open it and save it again as JPEG.";

/**
 * Walks the segments of a JPEG. Kept: what a decoder needs (tables, frames, scans, JFIF, Adobe, the colour profile).
 * Gone: Exif, XMP, IPTC, comments, maker segments, embedded thumbnails, and all that hides behind the end marker.
 */
export async function planJpeg(source: ByteSource): Promise<StripPlan> {
  const pieces: Piece[] = [{ from: 0, to: 2 }];
  let orientation: Orientation | null = null;
  let at = 2;
  let scans = 0;
  let pixels = 0;
  for (let parts = 0; parts < partLimit; parts++) {
    const marker = await readMarker(source, at);
    at = marker.at;
    if (marker.code === endOfImage) {
      if (scans === 0) throw new PictureFault(damaged);
      keepRange(pieces, at - 2, at);
      return planOf(pieces, orientation, { hasEnd: true, passes: scans });
    }
    const end = at + (await readLength(source, at));
    if (end > source.size) throw new PictureFault(cutOff);
    if (isFrame(marker.code)) pixels = await pixelsOf(source, at + 3);
    if (marker.code === startOfScan) {
      scans++;
      if (scans > maxScans || scans * pixels > maxScanPixels) throw new PictureFault(tooManyScans);
      const scanEnd = await findScanEnd(source, end);
      keepRange(pieces, at - 2, scanEnd);
      at = scanEnd;
      // All that can be known here is that the mark of the end is missing; whether the picture is, its data tells.
      if (at === source.size) return planOf([...pieces, new Uint8Array([0xff, endOfImage])], orientation, { hasEnd: false, passes: scans });
      continue;
    }
    orientation ??= await orientationOf(source, marker.code, at + 2, end);
    if (marker.code === 0xe0) await keepJfif(source, pieces, at, end);
    else if (await isNeeded(source, marker.code, at + 2)) keepRange(pieces, at - 2, end);
    at = end;
  }
  throw new PictureFault(damaged);
}

function planOf(pieces: Piece[], found: Orientation | null, ends: Pick<StripPlan, "hasEnd" | "passes">): StripPlan {
  const orientation = found ?? 1;
  return { pieces: withOrientation(pieces, orientation), orientation, ...ends };
}

/** T.81, table B.1: C0 to CF without tables, extensions and arithmetic conditioning. */
function isFrame(code: number): boolean {
  return code >= 0xc0 && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc;
}

async function pixelsOf(source: ByteSource, at: number): Promise<number> {
  const size = await readExactly(source, at, 4);
  return ((size[0]! << 8) | size[1]!) * ((size[2]! << 8) | size[3]!);
}

/** Position behind the marker and its code; fill bytes before it are skipped. */
async function readMarker(source: ByteSource, at: number): Promise<{ at: number; code: number }> {
  const first = await readExactly(source, at, 2);
  if (first[0] !== 0xff) throw new PictureFault(damaged);
  for (let position = at + 1, skipped = 0; skipped < 1024; position++, skipped++) {
    const code = (await readExactly(source, position, 1))[0]!;
    if (code === 0xff) continue;
    if (code === 0 || code === 0xd8) throw new PictureFault(damaged);
    return { at: position + 1, code };
  }
  throw new PictureFault(damaged);
}

async function readLength(source: ByteSource, at: number): Promise<number> {
  const bytes = await readExactly(source, at, 2);
  const length = (bytes[0]! << 8) | bytes[1]!;
  if (length < 2) throw new PictureFault(damaged);
  return length;
}

/** JFIF stays without its thumbnail; JFXX is nothing but a thumbnail. */
async function keepJfif(source: ByteSource, pieces: Piece[], at: number, end: number): Promise<void> {
  const body = await source.read(at + 2, 14);
  if (end - at < 16 || body.length < 14 || String.fromCharCode(...body.subarray(0, 5)) !== "JFIF\0") return;
  const header = new Uint8Array([0xff, 0xe0, 0, 16, ...body]);
  header[16] = 0;
  header[17] = 0;
  pieces.push(header);
}

async function isNeeded(source: ByteSource, code: number, body: number): Promise<boolean> {
  if (code === 0xfe) return false;
  if (code < 0xe0 || code > 0xef) return true;
  if (code === 0xee) return startsWith(await source.read(body, 5), "Adobe");
  return code === 0xe2 && startsWith(await source.read(body, 12), "ICC_PROFILE\0");
}

async function orientationOf(source: ByteSource, code: number, body: number, end: number): Promise<Orientation | null> {
  if (code !== 0xe1) return null;
  const bytes = await source.read(body, end - body);
  return hasExifPrefix(bytes) ? readOrientation(bytes.subarray(exifPrefix.length)) : null;
}

/** JFIF must stay first, so ours goes behind it. */
function withOrientation(pieces: Piece[], orientation: Orientation): Piece[] {
  if (orientation === 1) return pieces;
  const body = [...exifPrefix, ...orientationTiff(orientation)];
  const segment = new Uint8Array([0xff, 0xe1, 0, body.length + 2, ...body]);
  const start: Piece = { from: 0, to: 2 };
  const first = pieces[0]!;
  const rest: Piece[] = first instanceof Uint8Array || first.to === 2 ? pieces.slice(1) : [{ from: 2, to: first.to }, ...pieces.slice(1)];
  const jfif = rest[0] instanceof Uint8Array ? [rest.shift()!] : [];
  return [start, ...jfif, segment, ...rest];
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return bytes.length >= text.length && [...text].every((letter, index) => bytes[index] === letter.charCodeAt(0));
}
