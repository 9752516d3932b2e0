import { JsonScan, Refusal } from "./json-scan.ts";

/** The number types of the format (safetensors 0.8.0, `Dtype`), each with its size in bits. */
const bitsOf: ReadonlyMap<string, bigint> = new Map([
  ["BOOL", 8n], ["F4", 4n], ["F6_E2M3", 6n], ["F6_E3M2", 6n], ["U8", 8n], ["I8", 8n], ["F8_E5M2", 8n], ["F8_E4M3", 8n], ["F8_E8M0", 8n],
  ["F8_E4M3FNUZ", 8n], ["F8_E5M2FNUZ", 8n], ["I16", 16n], ["U16", 16n], ["F16", 16n], ["BF16", 16n], ["I32", 32n], ["U32", 32n], ["F32", 32n],
  ["C64", 64n], ["F64", 64n], ["I64", 64n], ["U64", 64n],
]);

export interface TensorEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes, counted from the end of the header. */
  readonly start: number;
  readonly end: number;
}

export interface HeaderContent {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

/** Entries that are read between two yields, so that a server can answer meanwhile. */
const entriesPerTurn = 500;
const sizeLimit = 1n << 64n;

/**
 * Reads the text of a header by the rules of the loader itself (the Rust library, 0.8.0): metadata are texts, each tensor
 * has a known type and exactly the bytes that its shape needs, and all tensors together cover `dataBytes` without gap or
 * overlap. Of two tensors with one name the later counts. Throws a `Refusal`.
 */
export function* readHeader(text: string, dataBytes: number): Generator<void, HeaderContent> {
  const scan = new JsonScan(text);
  let metadata: Map<string, string> | null = null;
  const tensors = new Map<string, TensorEntry>();
  let count = 0;
  for (const key of scan.entries()) {
    if (++count % entriesPerTurn === 0) yield;
    if (key === "__metadata__") {
      if (metadata !== null) throw new Refusal("has metadata twice");
      metadata = readMetadata(scan);
    } else tensors.set(key, readTensor(scan, key));
  }
  scan.end();
  assertCovered(tensors, dataBytes);
  return { metadata: metadata ?? new Map(), tensors };
}

function readMetadata(scan: JsonScan): Map<string, string> {
  const metadata = new Map<string, string>();
  if (scan.takeNull()) return metadata;
  for (const key of scan.entries()) {
    if (scan.peek() !== "\"") throw new Refusal(`has metadata that is not text (${shown(key)})`);
    metadata.set(key, scan.string());
  }
  return metadata;
}

interface Draft {
  dtype?: string;
  shape?: bigint[];
  data_offsets?: bigint[];
}

const fields: ReadonlySet<string> = new Set(["dtype", "shape", "data_offsets"] satisfies Array<keyof Draft>);

function readTensor(scan: JsonScan, name: string): TensorEntry {
  const draft: Draft = {};
  const take = (field: string) => {
    if (field === "dtype") draft.dtype = scan.string();
    else if (field === "shape") draft.shape = readCounts(scan);
    else draft.data_offsets = readCounts(scan);
  };
  if (scan.peek() === "[") for (const index of scan.places()) take([...fields][index] ?? raise(name, "is not described"));
  else {
    for (const field of scan.entries()) {
      if (!fields.has(field)) scan.skip(3);
      else if (Object.hasOwn(draft, field)) raise(name, `is described twice (${field})`);
      else take(field);
    }
  }
  return tensorOf(draft, name);
}

function readCounts(scan: JsonScan): bigint[] {
  const counts: bigint[] = [];
  for (const _ of scan.places()) counts.push(scan.count());
  return counts;
}

function tensorOf({ dtype, shape, data_offsets: offsets }: Draft, name: string): TensorEntry {
  if (dtype === undefined || shape === undefined || offsets?.length !== 2) return raise(name, "is not described");
  const bits = bitsOf.get(dtype) ?? raise(name, `has the unknown type ${shown(dtype)}`);
  const [start, end] = offsets as [bigint, bigint];
  const size = shape.reduce((product, side) => within(product * side, name), 1n);
  if (end < start || within(size * bits, name) !== (end - start) * 8n) raise(name, "has another size than its shape and type say");
  return { dtype, shape: shape.map(Number), start: Number(start), end: Number(end) };
}

function within(size: bigint, name: string): bigint {
  return size < sizeLimit ? size : raise(name, "is larger than a file can be");
}

function assertCovered(tensors: ReadonlyMap<string, TensorEntry>, dataBytes: number): void {
  let at = 0;
  for (const [name, { start, end }] of [...tensors].sort(([, a], [, b]) => a.start - b.start || a.end - b.end)) {
    if (start !== at) raise(name, "overlaps another one or leaves a gap");
    at = end;
  }
  if (at > dataBytes) throw new Refusal(`is cut short: ${(at - dataBytes).toLocaleString("en")} bytes of its tensors are missing`);
  if (at < dataBytes) throw new Refusal(`has ${(dataBytes - at).toLocaleString("en")} bytes that belong to no tensor`);
}

function raise(name: string, why: string): never {
  throw new Refusal(`has a tensor (${shown(name)}) that ${why}`);
}

function shown(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}
