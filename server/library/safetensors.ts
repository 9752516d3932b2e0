import { FileSource, type ByteSource } from "../files/byte-source.ts";

export interface SafetensorsHeader {
  readonly tensorCount: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly headerBytes: number;
  readonly dataBytes: number;
}

export type SafetensorsResult =
  | { readonly kind: "valid"; readonly header: SafetensorsHeader }
  /** `why` finishes the sentence "The file …". */
  | { readonly kind: "invalid"; readonly why: string };

/** The format itself allows 100 MB; a LoRA's header has some hundred kilobytes. */
const headerLimitBytes = 16 * 1024 * 1024;
const tensorLimit = 100_000;
const dimensionLimit = 32;

const bitsByType: Readonly<Record<string, bigint>> = {
  F64: 64n, I64: 64n, U64: 64n, C64: 64n, F32: 32n, I32: 32n, U32: 32n, F16: 16n, BF16: 16n, I16: 16n, U16: 16n,
  F8_E4M3: 8n, F8_E5M2: 8n, F8_E8M0: 8n, I8: 8n, U8: 8n, BOOL: 8n, F6_E2M3: 6n, F6_E3M2: 6n, F4: 4n,
};

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Reads only the header. Throws where the file cannot be opened; everything wrong inside is `invalid`. */
export async function readSafetensorsFile(path: string): Promise<SafetensorsResult> {
  const source = await FileSource.open(path);
  try {
    return await readSafetensors(source);
  } finally {
    await source.close();
  }
}

/**
 * Strict: every byte behind the header belongs to exactly one tensor, each tensor's bytes match its shape and type.
 * Whoever loads the file later in native code gets nothing that points outside of it.
 */
export async function readSafetensors(source: ByteSource): Promise<SafetensorsResult> {
  const start = await source.read(0, 8);
  if (start.length < 8) return invalid("is too short for a safetensors file");
  const length = new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(headerLimitBytes)) return invalid("claims a header of more than 16 MiB");
  const headerBytes = Number(length);
  if (8 + headerBytes > source.size) return invalid("ends inside its header");
  const fields = parseObject(await source.read(8, headerBytes));
  if (fields === null) return invalid("has a header that is not a JSON object");
  return check(fields, headerBytes, source.size - 8 - headerBytes);
}

function check(fields: Record<string, unknown>, headerBytes: number, dataBytes: number): SafetensorsResult {
  const { __metadata__: rawMetadata, ...tensors } = fields;
  const metadata = parseMetadata(rawMetadata);
  if (metadata === null) return invalid("has metadata that is not text");
  const entries = Object.entries(tensors);
  if (entries.length > tensorLimit) return invalid("has more than 100,000 tensors");
  const spans: Span[] = [];
  for (const [name, value] of entries) {
    const span = parseTensor(value, dataBytes);
    if (typeof span === "string") return invalid(`has a tensor (${JSON.stringify(name.slice(0, 80))}) that ${span}`);
    spans.push(span);
  }
  const gap = findGap(spans, dataBytes);
  if (gap !== null) return invalid(gap);
  return { kind: "valid", header: { tensorCount: entries.length, metadata, headerBytes, dataBytes } };
}

function parseTensor(value: unknown, dataBytes: number): Span | string {
  if (!isRecord(value)) return "is not described";
  const bits = typeof value.dtype === "string" && Object.hasOwn(bitsByType, value.dtype) ? bitsByType[value.dtype]! : null;
  if (bits === null) return "has an unknown type";
  const { shape, data_offsets: offsets } = value;
  if (!isSizeList(shape) || shape.length > dimensionLimit) return "has no valid shape";
  if (!isSizeList(offsets) || offsets.length !== 2) return "has no valid offsets";
  const [from, to] = offsets as [number, number];
  if (from > to || to > dataBytes) return "points outside of the file";
  const wanted = shape.reduce((product, side) => product * BigInt(side), bits);
  if (wanted !== BigInt(to - from) * 8n) return "has another size than its shape and type say";
  return { from, to };
}

function findGap(spans: Span[], dataBytes: number): string | null {
  spans.sort((a, b) => a.from - b.from || a.to - b.to);
  let at = 0;
  for (const span of spans) {
    if (span.from !== at) return "has tensors that overlap or leave a gap";
    at = span.to;
  }
  return at === dataBytes ? null : "has bytes that belong to no tensor";
}

function parseObject(bytes: Uint8Array): Record<string, unknown> | null {
  if (bytes[0] !== 0x7b) return null;
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return isRecord(value) ? value : null;
  } catch {
    // Not UTF-8, not JSON, or nested deeper than the parser goes.
    return null;
  }
}

function parseMetadata(value: unknown): Record<string, string> | null {
  if (value === undefined) return {};
  if (!isRecord(value)) return null;
  return Object.values(value).every((text) => typeof text === "string") ? (value as Record<string, string>) : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizeList(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function invalid(why: string): SafetensorsResult {
  return { kind: "invalid", why };
}
