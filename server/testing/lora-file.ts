/** A small, whole safetensors file with two tensors; `mark` makes its content different. */
export function drawLora(mark: string, metadata: Record<string, string> = {}): Uint8Array {
  const data = Buffer.alloc(96, mark, "latin1");
  const header = Buffer.from(JSON.stringify({
    __metadata__: { format: "pt", ...metadata },
    "transformer.a.lora_A.weight": { dtype: "BF16", shape: [4, 8], data_offsets: [0, 64] },
    "transformer.a.lora_B.weight": { dtype: "BF16", shape: [16], data_offsets: [64, 96] },
  }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, data]);
}
