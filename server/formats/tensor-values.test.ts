import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../testing/folder.ts";
import { readSafetensors } from "./safetensors.ts";
import { lookAtValues, type ValuesFound } from "./tensor-values.ts";

interface Part {
  readonly name: string;
  readonly dtype: string;
  /** Bytes of one value each, in hex as they lie in the file. */
  readonly values: readonly string[];
}

async function look(parts: readonly Part[]): Promise<ValuesFound> {
  using folder = temporaryFolder();
  const path = join(folder.path, "a.safetensors");
  let at = 0;
  const entries = parts.map(({ name, dtype, values }) => [name, { dtype, shape: [values.length], data_offsets: [at, (at += values.join("").length / 2)] }]);
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(path, Buffer.concat([length, header, Buffer.from(parts.map(({ values }) => values.join("")).join(""), "hex")]));
  const result = readSafetensors(path);
  if (result.kind === "invalid") throw new Error(result.why);
  return await lookAtValues(path, result.header);
}

// Each type: one, its zeros, and what is not a number or infinite in it.
const types: Array<[dtype: string, one: string, zeros: string[], bad: string[]]> = [
  ["F16", "003c", ["0000", "0080"], ["007c", "00fc", "017e"]],
  ["BF16", "803f", ["0000", "0080"], ["807f", "80ff", "c17f"]],
  ["F32", "0000803f", ["00000000", "00000080"], ["0000807f", "000080ff", "0100c07f"]],
  ["F64", "000000000000f03f", ["0000000000000000", "0000000000000080"], ["000000000000f07f", "000000000000f87f"]],
  ["F8_E4M3", "38", ["00", "80"], ["7f", "ff"]],
  ["F8_E5M2", "3c", ["00", "80"], ["7c", "fd"]],
  ["F8_E4M3FNUZ", "40", ["00"], ["80"]],
  ["I8", "ff", ["00"], []],
  ["BOOL", "01", ["00"], []],
];

test.each(types)("in %s a value that is no number is found, and so are only zeros", async (dtype, one, zeros, bad) => {
  const part = (values: readonly string[]): Part => ({ name: "a.lora_A.weight", dtype, values });
  expect(await look([part([one, ...zeros])])).toEqual({ kind: "sound" });
  expect(await look([part([...zeros, zeros[0]!])])).toEqual({ kind: "all_zero" });
  for (const value of bad) expect(await look([part([one, value, one])])).toEqual({ kind: "not_a_number", tensor: "a.lora_A.weight", count: 1, of: 3 });
});

test("a LoRA whose last matrices are all zero changes nothing, whatever the others hold", async () => {
  const a: Part = { name: "x.lora_A.weight", dtype: "F16", values: ["003c"] };
  const b = (value: string): Part => ({ name: "x.lora_B.weight", dtype: "F16", values: [value] });
  const alpha: Part = { name: "x.alpha", dtype: "F16", values: ["003c"] };
  expect(await look([a, b("0000"), alpha])).toEqual({ kind: "all_zero" });
  expect(await look([a, b("003c")])).toEqual({ kind: "sound" });
  expect(await look([a, b("0000"), { ...b("003c"), name: "y.lora_up.weight" }])).toEqual({ kind: "sound" });
  expect(await look([a, b("0000"), { ...alpha, name: "x.dora_scale" }])).toEqual({ kind: "sound" });
});

test("a large file is looked at to its last value in little memory, while others are served", async () => {
  const values = Array<string>(2_000_000).fill("003c");
  values[values.length - 1] = "007e";
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  expect(await look([{ name: "a", dtype: "F16", values }])).toMatchObject({ kind: "not_a_number", count: 1 });
  clearInterval(timer);
  expect(turns).toBeGreaterThan(0);
});
