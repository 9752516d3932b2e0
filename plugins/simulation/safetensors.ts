import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";

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
