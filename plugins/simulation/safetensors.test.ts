import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../server/testing/folder.ts";
import { readSafetensorsHeader, writeSafetensors } from "./safetensors.ts";

const tensors = [{ name: "transformer.a.lora_A.weight", shape: [16, 64] }, { name: "transformer.a.lora_B.weight", shape: [64, 16] }];

describe("a safetensors file", () => {
  test("is read back with its metadata and tensors, also with letters beyond ASCII", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "a.safetensors");
    writeSafetensors(path, tensors, { name: "Zoë", training_info: '{"step":5,"epoch":1}' }, 1);
    const header = readSafetensorsHeader(path);
    if (!header.valid) throw new Error(header.why);
    expect(header.metadata).toEqual({ name: "Zoë", training_info: '{"step":5,"epoch":1}' });
    expect(header.tensors.get("transformer.a.lora_B.weight")).toEqual({ dtype: "F16", shape: [64, 16], start: 2048, end: 4096 });
  });

  test("is refused with a reason when it is cut, longer, empty, not JSON or missing", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "a.safetensors");
    writeSafetensors(path, tensors, {}, 1);
    const whole = readFileSync(path);
    const damaged: Record<string, Uint8Array> = {
      cut: whole.subarray(0, whole.length - 1), longer: Buffer.concat([whole, Buffer.from("x")]), empty: new Uint8Array(0),
      "only a length": whole.subarray(0, 8), "not JSON": Buffer.concat([whole.subarray(0, 8), Buffer.alloc(whole.length - 8, "x")]),
      "huge length": Buffer.concat([Buffer.alloc(8, 255), whole]),
    };
    for (const [kind, bytes] of Object.entries(damaged)) {
      const bad = join(folder.path, "bad.safetensors");
      writeFileSync(bad, bytes);
      const header = readSafetensorsHeader(bad);
      expect(header.valid, kind).toBe(false);
      if (!header.valid) expect(header.why).toEndWith(".");
    }
    expect(readSafetensorsHeader(join(folder.path, "none")).valid).toBe(false);
  });
});
