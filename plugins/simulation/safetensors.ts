import { closeSync, fstatSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from "node:fs";

/** Longest header that is read; LoRA files have a few hundred kilobytes. */
const maxHeaderBytes = 16 * 1024 * 1024;

const bytesPerNumber: Readonly<Record<string, number>> = {
  F64: 8, I64: 8, F32: 4, I32: 4, F16: 2, BF16: 2, I16: 2, I8: 1, U8: 1, BOOL: 1, F8_E4M3: 1, F8_E5M2: 1,
};

export interface TensorEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

interface WholeHeader {
  readonly valid: true;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly sizeBytes: number;
}

export type SafetensorsHeader =
  | WholeHeader
  | { readonly valid: false; readonly why: string };

/** A tensor to write; its numbers come from `seed`, small and different for each name. */
export interface NewTensor { readonly name: string; readonly shape: readonly number[] }

/** Writes a whole file of F16 tensors under another name first, then renames: readers never see half of it. */
export function writeSafetensors(path: string, tensors: readonly NewTensor[], metadata: Readonly<Record<string, string>>, seed: number): void {
  const sizes = tensors.map((tensor) => tensor.shape.reduce((product, side) => product * side, 1) * 2);
  const entries: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  tensors.forEach((tensor, index) => {
    entries[tensor.name] = { dtype: "F16", shape: tensor.shape, data_offsets: [offset, offset + sizes[index]!] };
    offset += sizes[index]!;
  });
  const text = JSON.stringify(entries);
  const header = new TextEncoder().encode(text.padEnd(Math.ceil(Buffer.byteLength(text) / 8) * 8 - (Buffer.byteLength(text) - text.length)));
  const file = new Uint8Array(8 + header.length + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
  file.set(header, 8);
  fillHalfFloats(file.subarray(8 + header.length), seed);
  writeWhole(path, file);
}

/** Reads and checks only the header. Every fault is a sentence, so that it can be shown. */
export function readSafetensorsHeader(path: string): SafetensorsHeader {
  let handle: number;
  try {
    handle = openSync(path, "r");
  } catch (error) {
    return { valid: false, why: `It cannot be opened: ${(error as Error).message}.` };
  }
  try {
    return parseHeader(handle);
  } catch (error) {
    return { valid: false, why: `It cannot be read: ${(error as Error).message}.` };
  } finally {
    closeSync(handle);
  }
}

function parseHeader(handle: number): SafetensorsHeader {
  const sizeBytes = fstatSync(handle).size;
  const length = Buffer.alloc(8);
  if (readSync(handle, length, 0, 8, 0) < 8) return { valid: false, why: "It is shorter than the length field." };
  const headerBytes = Number(length.readBigUInt64LE());
  if (headerBytes > maxHeaderBytes || 8 + headerBytes > sizeBytes) return { valid: false, why: "Its header is longer than the file." };
  const text = Buffer.alloc(headerBytes);
  readSync(handle, text, 0, headerBytes, 8);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.toString("utf8"));
  } catch {
    return { valid: false, why: "Its header is not JSON." };
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return { valid: false, why: "Its header is not an object." };
  const { __metadata__: metadata, ...entries } = parsed as Record<string, unknown>;
  const tensors = new Map<string, TensorEntry>();
  for (const [name, entry] of Object.entries(entries)) {
    const tensor = tensorOf(entry);
    if (tensor === null) return { valid: false, why: `The entry of ${name.slice(0, 80)} is not valid.` };
    tensors.set(name, tensor);
  }
  const end = Math.max(0, ...[...tensors.values()].map((tensor) => tensor.end));
  if (8 + headerBytes + end !== sizeBytes) {
    return { valid: false, why: "Its size does not match its header, so it is cut short or has extra bytes." };
  }
  return { valid: true, metadata: textsOf(metadata), tensors, sizeBytes };
}

function tensorOf(entry: unknown): TensorEntry | null {
  if (typeof entry !== "object" || entry === null) return null;
  const { dtype, shape, data_offsets: offsets } = entry as Record<string, unknown>;
  const isCount = (value: unknown): value is number => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
  if (typeof dtype !== "string" || !Array.isArray(shape) || !Array.isArray(offsets)) return null;
  const [start, end] = offsets as unknown[];
  if (!shape.every(isCount) || !isCount(start) || !isCount(end) || start > end) return null;
  const width = bytesPerNumber[dtype];
  if (width !== undefined && shape.reduce((product, side) => product * side, width) !== end - start) return null;
  return { dtype, shape, start, end };
}

function textsOf(metadata: unknown): Record<string, string> {
  if (typeof metadata !== "object" || metadata === null) return {};
  return Object.fromEntries(Object.entries(metadata).filter((pair): pair is [string, string] => typeof pair[1] === "string"));
}

/** Half floats between about -0.03 and 0.03. */
function fillHalfFloats(data: Uint8Array, seed: number): void {
  let state = (seed | 0) || 1;
  const numbers = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let at = 0; at + 1 < data.length; at += 2) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    numbers.setUint16(at, (state & 0x8000) | (0x2000 + (state & 0x07ff)), true);
  }
}

function writeWhole(path: string, bytes: Uint8Array): void {
  const partial = `${path.slice(0, path.lastIndexOf("/") + 1)}.tmp${process.pid}${Math.random().toString(36).slice(2, 8)}`;
  const handle = openSync(partial, "wx", 0o600);
  try {
    let written = 0;
    while (written < bytes.length) written += writeSync(handle, bytes, written);
    fsyncSync(handle);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  } finally {
    closeSync(handle);
  }
  renameSync(partial, path);
}
