import { expect, test } from "bun:test";
import { bytesSource } from "../files/byte-source.ts";
import { seededRandom } from "../testing/random.ts";
import { readSafetensors } from "./safetensors.ts";

function safetensors(header: unknown, dataBytes: number): Buffer {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(dataBytes)]);
}

const tensor = (from: number, to: number, shape: unknown = [(to - from) / 2], dtype = "BF16") => ({ dtype, shape, data_offsets: [from, to] });
const read = (bytes: Uint8Array) => readSafetensors(bytesSource(bytes));

test("a whole file is read with its metadata", async () => {
  const bytes = safetensors({ __metadata__: { ss_steps: "12" }, b: tensor(8, 24), a: tensor(0, 8, [2, 2]), empty: tensor(24, 24, [0, 4]) }, 24);
  expect(await read(bytes)).toMatchObject({ kind: "valid", header: { tensorCount: 3, metadata: { ss_steps: "12" }, dataBytes: 24 } });
});

test("a header may be padded with spaces", async () => {
  expect((await read(safetensors(`${JSON.stringify({ a: tensor(0, 2) })}      `, 2))).kind).toBe("valid");
});

const wrong: Array<[what: string, bytes: Uint8Array, why: string]> = [
  ["nothing", new Uint8Array(0), "too short"],
  ["a header length of 2^64−1", new Uint8Array(16).fill(255), "16 MiB"],
  ["a header longer than the file", safetensors({ a: tensor(0, 2) }, 2).subarray(0, 20), "inside its header"],
  ["no JSON", safetensors("{nonsense", 0), "JSON"],
  ["a list as header", safetensors("[]", 0), "JSON"],
  ["very deep JSON", safetensors(`{"a":${"[".repeat(200_000)}`, 0), "JSON"],
  ["offsets outside", safetensors({ a: tensor(0, 10) }, 8), "outside"],
  ["offsets the wrong way round", safetensors({ a: tensor(4, 2, [1]) }, 4), "outside"],
  ["negative offsets", safetensors({ a: tensor(-2, 2) }, 4), "offsets"],
  ["offsets with a fraction", safetensors({ a: { dtype: "U8", shape: [1], data_offsets: [0, 1.5] } }, 4), "offsets"],
  ["overlapping tensors", safetensors({ a: tensor(0, 4), b: tensor(2, 6) }, 6), "overlap"],
  ["a gap", safetensors({ a: tensor(0, 4), b: tensor(6, 8) }, 8), "gap"],
  ["bytes behind the last tensor", safetensors({ a: tensor(0, 4) }, 8), "no tensor"],
  ["a shape that does not fit", safetensors({ a: tensor(0, 4, [3]) }, 4), "shape"],
  ["a shape that overflows 64 bits", safetensors({ a: tensor(0, 4, [2 ** 50, 2 ** 50]) }, 4), "shape"],
  ["an unknown type", safetensors({ a: tensor(0, 4, [2], "Q4") }, 4), "type"],
  ["a type named like a method", safetensors({ a: tensor(0, 4, [2], "toString") }, 4), "type"],
  ["metadata that is not text", safetensors({ __metadata__: { a: 1 }, a: tensor(0, 2) }, 2), "metadata"],
  ["a pickle", Buffer.from("\x80\x02}q\0X\x05\0\0\0stateq\x01.".padEnd(64)), "16 MiB"],
];

test.each(wrong)("refuses %s", async (_what, bytes, why) => {
  expect(await read(bytes)).toMatchObject({ kind: "invalid", why: expect.stringContaining(why) });
});

test("random changes never crash it, and what it calls valid lies inside of the file", async () => {
  const good = safetensors({ __metadata__: { format: "pt" }, a: tensor(0, 64, [4, 8]), b: tensor(64, 96, [16]) }, 96);
  const random = seededRandom(99);
  let valid = 0;
  for (let round = 0; round < 5000; round++) {
    const bytes = Uint8Array.from(good.subarray(0, random(4) === 0 ? random(good.length) : good.length));
    for (let hit = random(4); hit >= 0 && bytes.length > 0; hit--) bytes[random(bytes.length)] = random(256);
    const result = await read(bytes);
    if (result.kind === "valid") {
      valid++;
      expect(8 + result.header.headerBytes + result.header.dataBytes).toBe(bytes.length);
    }
  }
  expect(valid).toBeGreaterThan(0);
});
