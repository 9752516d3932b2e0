import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { headBytes, otherFile } from "./not-safetensors.ts";
import { Refusal } from "./json-scan.ts";
import { readHeader, type HeaderContent, type TensorEntry } from "./safetensors-header.ts";

export type { TensorEntry } from "./safetensors-header.ts";

export interface SafetensorsHeader extends HeaderContent {
  readonly headerBytes: number;
  readonly dataBytes: number;
  readonly sizeBytes: number;
}

export type SafetensorsResult =
  | { readonly kind: "valid"; readonly header: SafetensorsHeader }
  /** `why` finishes the sentence "The file …"; `fix` is one. `cause`: the disk or the system did not give it. */
  | { readonly kind: "invalid"; readonly why: string; readonly fix: string; readonly cause?: unknown };

/** The format's own limit. */
const formatLimitBytes = 100_000_000;
/** The header of the largest LoRA has a megabyte; what is longer is not worth its memory. */
const headerLimitBytes = 16 * 1024 * 1024;
const again = "Copy or download it again; one that was just trained needs the training anew.";

/** Reads the header only, as strictly as the loader of the tools. Everything wrong with the file is `invalid`; never throws. */
export function readSafetensors(path: string): SafetensorsResult {
  const steps = read(path);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same for bytes that are in memory already. */
export function readSafetensorsBytes(bytes: Uint8Array): SafetensorsResult {
  try {
    const steps = parse(bytes.length, (at, count) => bytes.subarray(at, at + count));
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  } catch (error) {
    if (error instanceof Refusal) return invalid(error.message);
    throw error;
  }
}

/** The same in small steps, so that a server answers meanwhile however long the header is. */
export async function readSafetensorsInTurns(path: string): Promise<SafetensorsResult> {
  const steps = read(path);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await new Promise((resolve) => void setImmediate(resolve));
  }
}

function* read(path: string): Generator<void, SafetensorsResult> {
  let handle: number;
  try {
    handle = openSync(path, "r");
  } catch (error) {
    return unreadable(error);
  }
  try {
    const facts = fstatSync(handle);
    if (!facts.isFile()) return invalid("is not a file", "Choose the file itself.");
    return yield* parse(facts.size, (at, count) => bytesAt(handle, at, count));
  } catch (error) {
    return error instanceof Refusal ? invalid(error.message) : unreadable(error);
  } finally {
    closeSync(handle);
  }
}

function* parse(sizeBytes: number, bytesOf: (at: number, count: number) => Uint8Array): Generator<void, SafetensorsResult> {
  const head = bytesOf(0, headBytes);
  const length = head.length < 8 ? null : new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true);
  const looksWhole = length !== null && length <= formatLimitBytes && head[8] !== undefined && /[\s{]/.test(String.fromCharCode(head[8]));
  const other = looksWhole ? null : otherFile(head, sizeBytes);
  if (other !== null) return { kind: "invalid", ...other };
  if (length === null) return invalid("is too short for a safetensors file");
  if (length > formatLimitBytes) return invalid("claims a header of more than 100 MB, which the format does not allow");
  const headerBytes = Number(length);
  if (8 + headerBytes > sizeBytes) return invalid("is cut short: it ends inside its header");
  if (headerBytes > headerLimitBytes) return invalid("has a header of more than 16 MB; a LoRA's has less than one");
  const dataBytes = sizeBytes - 8 - headerBytes;
  const content = yield* readHeader(textOf(bytesOf(8, headerBytes)), dataBytes);
  return { kind: "valid", header: { ...content, headerBytes, dataBytes, sizeBytes } };
}

/** Fewer where the file ends. */
function bytesAt(handle: number, at: number, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  let done = 0;
  for (let more = -1; more !== 0 && done < count; done += more) more = readSync(handle, bytes, done, count - done, at + done);
  return bytes.subarray(0, done);
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Refusal("has a header that is not UTF-8");
  }
}

function unreadable(error: unknown): SafetensorsResult {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOENT" || code === "ENOTDIR") return invalid("is not there", "Look whether it was moved or removed outside of Isengard.");
  if (code === "EACCES" || code === "EPERM") return invalid("may not be read", "Give the user that runs Isengard the right to read it.");
  const why = `could not be read${code === "" ? "" : ` (${code})`}`;
  return { kind: "invalid", why, fix: "Look whether its disk or volume is there and well.", cause: error };
}

function invalid(why: string, fix: string = again): SafetensorsResult {
  return { kind: "invalid", why, fix };
}

/** The rank is the short side of any down matrix, whatever its family calls it; null where none is known. */
export function rankOf(tensors: ReadonlyMap<string, TensorEntry>): number | null {
  for (const [name, tensor] of tensors) {
    if (/(?:^|[._])(?:lora_A|lora_down|lora\.down)(?:\.default)?\.weight$/.test(name)) return tensor.shape[0] ?? null;
  }
  return null;
}
