import { bytesSource } from "../files/byte-source.ts";
import { readExactly } from "./strip-plan.ts";
import { pngChunk } from "./strip-png.ts";

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const headerEnd = 33;

export interface PngSize {
  readonly width: number;
  readonly height: number;
}

/** Null: not a PNG. */
export function pngSize(bytes: Uint8Array): PngSize | null {
  if (bytes.length < headerEnd || !signature.every((byte, index) => bytes[index] === byte)) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/** Every text chunk with its key. Throws PictureFault for a PNG that is cut off. */
export async function pngTexts(bytes: Uint8Array): Promise<Array<{ key: string; text: string; from: number; to: number }>> {
  const source = bytesSource(bytes);
  const found: Array<{ key: string; text: string; from: number; to: number }> = [];
  for (let at = signature.length; at < bytes.length;) {
    const head = await readExactly(source, at, 8);
    const length = new DataView(head.buffer, head.byteOffset, 8).getUint32(0);
    const type = String.fromCharCode(...head.subarray(4));
    const to = at + 12 + length;
    if (type === "tEXt") {
      const [key = "", text = ""] = Buffer.from(await readExactly(source, at + 8, length)).toString("latin1").split("\0", 2);
      found.push({ key, text, from: at, to });
    }
    if (type === "IEND") break;
    at = to;
  }
  return found;
}

/**
 * Puts JSON under `key`, in place of what stood there. Letters beyond ASCII are escaped, since this kind of chunk is
 * Latin-1 and every program can read it.
 */
export async function withPngJson(bytes: Uint8Array, key: string, value: unknown): Promise<Uint8Array> {
  const json = JSON.stringify(value).replaceAll(/[\u007f-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const chunk = pngChunk("tEXt", Buffer.from(`${key}\0${json}`, "latin1"));
  const old = (await pngTexts(bytes)).filter((text) => text.key === key);
  const parts: Uint8Array[] = [bytes.subarray(0, headerEnd), chunk];
  let at = headerEnd;
  for (const { from, to } of old) {
    parts.push(bytes.subarray(at, from));
    at = to;
  }
  parts.push(bytes.subarray(at));
  return Buffer.concat(parts);
}
