import { open, type FileHandle } from "node:fs/promises";
import type { SafetensorsHeader, TensorEntry } from "./safetensors.ts";

export type ValuesFound =
  | { readonly kind: "sound" }
  /** Every value, or every value of what a LoRA adds in the end, is zero: it changes nothing. */
  | { readonly kind: "all_zero" }
  | { readonly kind: "not_a_number"; readonly tensor: string; readonly count: number; readonly of: number };

/** What is looked at in one go: a fraction of a millisecond. */
const pieceBytes = 256 * 1024;

interface Tally {
  bad: number;
  zeros: number;
}

/** Looks at `count` bytes of one number type. */
type Look = (bytes: Uint8Array<ArrayBuffer>, tally: Tally) => void;

/** The matrix that is multiplied last; a training begins with it at zero. */
const lastMatrix = /(?:^|[._])(?:lora_B|lora_up|lora\.up|lokr_w2|hada_w2_b)(?:[._]|$)/;

/** DoRA scales what is there, so it changes something also with an empty matrix. */
const magnitude = /dora_scale|magnitude/;

/**
 * Looks at every value once, in pieces, so that memory stays small and a server answers meanwhile. Values that are not
 * numbers or infinite count as bad; whole numbers cannot be. Throws the system's error where the file cannot be read.
 */
export async function lookAtValues(path: string, header: SafetensorsHeader): Promise<ValuesFound> {
  const file = await open(path, "r");
  try {
    let allZero = true;
    let lastZero: boolean | null = null;
    let hasMagnitude = false;
    for (const [name, tensor] of header.tensors) {
      const { bad, zeros, count } = await lookAt(file, 8 + header.headerBytes, tensor);
      if (bad > 0) return { kind: "not_a_number", tensor: name, count: bad, of: count };
      if (count === 0 || name.endsWith(".alpha")) continue;
      allZero &&= zeros === count;
      hasMagnitude ||= magnitude.test(name);
      if (lastMatrix.test(name)) lastZero = zeros === count && lastZero !== false;
    }
    return { kind: allZero || (lastZero === true && !hasMagnitude) ? "all_zero" : "sound" };
  } finally {
    await file.close();
  }
}

async function lookAt(file: FileHandle, dataAt: number, { dtype, start, end }: TensorEntry): Promise<Tally & { count: number }> {
  const { look, bytes: width } = lookOf(dtype);
  const tally: Tally = { bad: 0, zeros: 0 };
  const buffer = new Uint8Array(Math.min(pieceBytes, end - start));
  for (let at = start; at < end;) {
    const wanted = Math.min(buffer.length, end - at);
    let read = 0;
    while (read < wanted) {
      const { bytesRead } = await file.read(buffer, read, wanted - read, dataAt + at + read);
      if (bytesRead === 0) throw new Error("The file became shorter while it was read.");
      read += bytesRead;
    }
    look(buffer.subarray(0, wanted), tally);
    at += wanted;
  }
  return { ...tally, count: (end - start) / width };
}

function lookOf(dtype: string): { look: Look; bytes: number } {
  switch (dtype) {
    case "F16": return { look: wide(Uint16Array, 0x7c00, 0x7fff), bytes: 2 };
    case "BF16": return { look: wide(Uint16Array, 0x7f80, 0x7fff), bytes: 2 };
    case "F32": case "C64": return { look: wide(Uint32Array, 0x7f800000, 0x7fffffff), bytes: 4 };
    case "F64": return { look: doubles, bytes: 8 };
    case "F8_E5M2": return { look: small((byte) => (byte & 0x7c) === 0x7c, (byte) => (byte & 0x7f) === 0), bytes: 1 };
    case "F8_E4M3": return { look: small((byte) => (byte & 0x7f) === 0x7f, (byte) => (byte & 0x7f) === 0), bytes: 1 };
    case "F8_E4M3FNUZ": case "F8_E5M2FNUZ": return { look: small((byte) => byte === 0x80, (byte) => byte === 0), bytes: 1 };
    case "F8_E8M0": return { look: small((byte) => byte === 0xff, () => false), bytes: 1 };
    default: return { look: small(() => false, (byte) => byte === 0), bytes: 1 };
  }
}

/** Infinite and not-a-number have all bits of the exponent set. */
function wide(type: Uint16ArrayConstructor | Uint32ArrayConstructor, exponent: number, magnitude: number): Look {
  return (bytes, tally) => {
    const values = new type(bytes.buffer, 0, bytes.length / type.BYTES_PER_ELEMENT);
    for (let index = 0; index < values.length; index++) {
      const value = values[index]! & magnitude;
      if (value === 0) tally.zeros++;
      else if ((value & exponent) === exponent) tally.bad++;
    }
  };
}

function doubles(bytes: Uint8Array<ArrayBuffer>, tally: Tally): void {
  const values = new Float64Array(bytes.buffer, 0, bytes.length / 8);
  for (let index = 0; index < values.length; index++) {
    if (values[index] === 0) tally.zeros++;
    else if (!Number.isFinite(values[index])) tally.bad++;
  }
}

function small(isBad: (byte: number) => boolean, isZero: (byte: number) => boolean): Look {
  return (bytes, tally) => {
    for (const byte of bytes) {
      if (isZero(byte)) tally.zeros++;
      else if (isBad(byte)) tally.bad++;
    }
  };
}
