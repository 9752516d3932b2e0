import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { temporaryFolder } from "../../server/testing/folder.ts";
import { readSafetensors } from "../../server/formats/safetensors.ts";
import { writeSafetensors } from "./safetensors.ts";

const tensors = [{ name: "transformer.a.lora_A.weight", shape: [16, 64] }, { name: "transformer.a.lora_B.weight", shape: [64, 16] }];

describe("a safetensors file", () => {
  test("is read back with its metadata and tensors, also with letters beyond ASCII", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "a.safetensors");
    writeSafetensors(path, tensors, { name: "Zoë", training_info: '{"step":5,"epoch":1}' }, 1);
    const result = readSafetensors(path);
    if (result.kind === "invalid") throw new Error(result.why);
    const { header } = result;
    expect(Object.fromEntries(header.metadata)).toEqual({ name: "Zoë", training_info: '{"step":5,"epoch":1}' });
    expect(header.tensors.get("transformer.a.lora_B.weight")).toEqual({ dtype: "F16", shape: [64, 16], start: 2048, end: 4096 });
  });
});
