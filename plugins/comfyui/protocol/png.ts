
/** PNG chunks, enough to read and write text. Source: the PNG specification, sections 5.3 and 11.3.4. */
const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const chunkFrame = 12;

export interface PngChunk {
  readonly type: string;
  readonly data: Uint8Array;
}

/** Throws with a plain sentence when the bytes are no complete PNG. */
function readPngChunks(bytes: Uint8Array): PngChunk[] {
  if (!signature.every((value, index) => bytes[index] === value)) throw new Error("This file is not a PNG picture.");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: PngChunk[] = [];
  let offset = signature.length;
  while (offset + chunkFrame <= bytes.byteLength) {
    const length = view.getUint32(offset);
    if (offset + chunkFrame + length > bytes.byteLength) break;
    const type = latin1(bytes.subarray(offset + 4, offset + 8));
    chunks.push({ type, data: bytes.subarray(offset + 8, offset + 8 + length) });
    offset += chunkFrame + length;
    if (type === "IEND") return chunks;
  }
  throw new Error("This PNG picture ends in the middle.");
}

export function readPngText(bytes: Uint8Array): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { type, data } of readPngChunks(bytes)) {
    const zero = type === "tEXt" ? data.indexOf(0) : -1;
    if (zero > 0) texts.set(latin1(data.subarray(0, zero)), latin1(data.subarray(zero + 1)));
  }
  return texts;
}

/** The same picture with these texts; texts of the same keys are replaced. Values are written as ASCII (see `asciiJson`). */
export function withPngText(bytes: Uint8Array, texts: ReadonlyMap<string, string>): Uint8Array {
  const kept = readPngChunks(bytes).filter((chunk) => !(chunk.type === "tEXt" && texts.has(keyOf(chunk.data))));
  const added = [...texts].map(([key, text]) => ({ type: "tEXt", data: Buffer.from(`${key}\0${text}`, "latin1") }));
  return writePng([...kept.slice(0, 1), ...added, ...kept.slice(1)]);
}

export function writePng(chunks: readonly PngChunk[]): Uint8Array {
  return Buffer.concat([signature, ...chunks.flatMap(({ type, data }) => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(data.byteLength);
    head.write(type, 4, "latin1");
    const tail = Buffer.alloc(4);
    tail.writeUInt32BE(Bun.hash.crc32(data, Bun.hash.crc32(head.subarray(4))));
    return [head, data, tail];
  })]);
}

/** Width and height from the header. */
export function pngSize(bytes: Uint8Array): { width: number; height: number } {
  const header = readPngChunks(bytes)[0]?.data;
  if (header?.byteLength !== 13) throw new Error("This PNG picture has no header.");
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  return { width: view.getUint32(0), height: view.getUint32(4) };
}

/** JSON in which everything beyond ASCII is escaped: a `tEXt` chunk holds Latin-1 only, and ComfyUI writes it so too. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function keyOf(data: Uint8Array): string {
  return latin1(data.subarray(0, Math.max(0, data.indexOf(0))));
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
