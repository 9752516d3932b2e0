import { inflateSync } from "node:zlib";
import type { ByteSource } from "../files/byte-source.ts";
import { codedSpace, gammaSpace, isSrgb, type Primaries } from "../formats/colour.ts";
import { readProfile, srgb, type ColourSpace } from "../formats/icc.ts";
import type { PictureFormat } from "./kind.ts";
import { PictureFault } from "./strip-plan.ts";

/** What a picture says beyond 8-bit opaque sRGB, the one thing that every program reads alike. */
export interface Meaning {
  readonly deep: boolean;
  /** It may have transparent places; only its pixels tell. */
  readonly maybeTransparent: boolean;
  readonly cmyk: boolean;
  /** `plain`: sRGB or nothing said. `unreadable`: a profile that is broken or of another kind than matrix and curves. */
  readonly colours: "plain" | "unreadable" | ColourSpace;
}

const profileLimitBytes = 4_000_000;
const partLimit = 70_000;
const hdr = new PictureFault("has HDR colours, which no trainer reads. Save it as JPEG or as a PNG in sRGB.", "unsupported");

/** `source` is a file that the walkers have cleaned, so its form is sound. */
export function meaningOf(format: PictureFormat, source: ByteSource): Promise<Meaning> {
  return format === "jpeg" ? jpegMeaning(source) : format === "png" ? pngMeaning(source) : webpMeaning(source);
}

export function isPlain(meaning: Meaning): boolean {
  return !meaning.deep && !meaning.maybeTransparent && !meaning.cmyk && meaning.colours === "plain";
}

async function jpegMeaning(source: ByteSource): Promise<Meaning> {
  const profile: Uint8Array[] = [];
  let components = 3;
  for (let at = 2, parts = 0; at + 4 <= source.size && parts < partLimit; parts++) {
    const head = await source.read(at, 4);
    const code = head[1]!;
    if (code === 0xff) {
      at++;
      continue;
    }
    if (code === 0xda || code === 0xd9) break;
    const length = (head[2]! << 8) | head[3]!;
    const isFrame = code >= 0xc0 && code <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(code);
    if (isFrame) components = (await source.read(at + 4, 6))[5] ?? 3;
    if (code === 0xe2 && profile.length < 255) profile.push((await source.read(at + 4, length - 2)).slice());
    at += 2 + length;
  }
  const inOrder = profile.filter((part) => part.length > 14).toSorted((left, right) => left[12]! - right[12]!);
  const colours = inOrder.length === 0 ? "plain" : coloursOf(Buffer.concat(inOrder.map((part) => part.subarray(14))));
  return { deep: false, maybeTransparent: false, cmyk: components === 4, colours: components === 4 ? "plain" : colours };
}

async function pngMeaning(source: ByteSource): Promise<Meaning> {
  let header: Uint8Array = new Uint8Array(13);
  const chunks = new Map<string, Uint8Array>();
  for (let at = 8, parts = 0; at + 8 <= source.size && parts < partLimit; parts++) {
    const head = (await source.read(at, 8)).slice();
    const length = new DataView(head.buffer).getUint32(0);
    const type = String.fromCharCode(...head.subarray(4));
    if (type === "IDAT") break;
    if (type === "IHDR") header = (await source.read(at + 8, 13)).slice();
    else if (length <= profileLimitBytes && !chunks.has(type)) chunks.set(type, (await source.read(at + 8, length)).slice());
    at += 12 + length;
  }
  const alpha = header[9] === 4 || header[9] === 6;
  return { deep: header[8] === 16, maybeTransparent: alpha || chunks.has("tRNS"), cmyk: false, colours: pngColours(chunks) };
}

/** In the order of the standard (PNG, third edition, 13.13): the first that is there counts alone. */
function pngColours(chunks: ReadonlyMap<string, Uint8Array>): Meaning["colours"] {
  const coded = chunks.get("cICP");
  if (coded && coded.length >= 4) {
    if (coded[1] === 16 || coded[1] === 18) throw hdr;
    const space = codedSpace(coded[0]!, coded[1]!);
    return space === null ? "unreadable" : isSrgb(space) ? "plain" : space;
  }
  const profile = chunks.get("iCCP");
  if (profile) return coloursOf(inflated(profile.subarray(profile.indexOf(0) + 2)));
  const gamma = chunks.get("gAMA");
  if (chunks.has("sRGB") || !gamma || gamma.length < 4) return "plain";
  return gammaColours(readUint32(gamma, 0) / 100_000, chunks.get("cHRM"));
}

function gammaColours(gamma: number, points: Uint8Array | undefined): Meaning["colours"] {
  if (gamma < 0.05 || gamma > 5) return "unreadable";
  const primaries = points?.length === 32 ? (Array.from({ length: 8 }, (_, index) => readUint32(points, index * 4) / 100_000) as unknown as Primaries) : null;
  if (primaries?.some((value, index) => value > 1 || (index % 2 === 1 && value === 0))) return "unreadable";
  const space = gammaSpace(gamma, primaries);
  // Nearly every writer means sRGB by this value and says so in this rounded way.
  const asSrgb = { ...space, curves: srgb.curves };
  return Math.abs(gamma - 0.45455) < 0.005 && isSrgb(asSrgb) ? "plain" : space;
}

async function webpMeaning(source: ByteSource): Promise<Meaning> {
  let maybeTransparent = false;
  let colours: Meaning["colours"] = "plain";
  for (let at = 12, parts = 0; at + 8 <= source.size && parts < partLimit; parts++) {
    const head = (await source.read(at, 13)).slice();
    const type = String.fromCharCode(...head.subarray(0, 4));
    const length = new DataView(head.buffer).getUint32(4, true);
    if (type === "ALPH" || (type === "VP8L" && (head[12]! & 0x10) !== 0)) maybeTransparent = true;
    if (type === "ICCP" && length <= profileLimitBytes) colours = coloursOf((await source.read(at + 8, length)).slice());
    at += 8 + length + (length & 1);
  }
  return { deep: false, maybeTransparent, cmyk: false, colours };
}

function coloursOf(profile: Uint8Array): Meaning["colours"] {
  const space = profile.length < 132 ? null : readProfile(profile);
  return space === null ? "unreadable" : isSrgb(space) ? "plain" : space;
}

function inflated(bytes: Uint8Array): Uint8Array {
  try {
    return inflateSync(bytes, { maxOutputLength: profileLimitBytes });
  } catch {
    return new Uint8Array();
  }
}

function readUint32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at);
}
