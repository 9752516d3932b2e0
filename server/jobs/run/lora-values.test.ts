import { afterEach, beforeEach, expect, test } from "bun:test";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { drawLora } from "../../testing/lora-file.ts";
import { openRig, succeed, type Rig } from "../testing/rig.ts";

let rig: Rig;
beforeEach(() => { rig = openRig(); });
afterEach(() => rig.close());

const notANumber = drawLora("\u00ff");
const zeros = drawLora("\0");
const cut = drawLora("x").subarray(0, 120);

test("a training whose file has values that are no numbers, only zeros, or no end is not a success", async () => {
  const bad: Array<[bytes: Uint8Array, code: string, why: string]> = [[notANumber, "diverged", "no numbers"], [zeros, "diverged", "only zeros"], [cut, "lora_damaged", "cut short"]];
  for (const [index, [bytes, code, why]] of bad.entries()) {
    rig.trainer.work = async (_job, host) => {
      const outcome = succeed(host);
      writeFileSync(outcome.loraFile, bytes);
      return outcome;
    };
    if (index === 0) rig.start();
    const { id } = rig.train(rig.character(`P${index}`).id);
    const { failure } = await rig.until(id, "failed");
    expect(failure).toMatchObject({ code, what: "The training came to its end, but its LoRA cannot be used.", why: expect.stringContaining(why) });
  }
  expect(readdirSync(rig.paths.loras)).toEqual([]);
});

test("pictures are refused with a LoRA that would make them black, is damaged or not there, and warned of one that changes nothing", async () => {
  rig.trainer.work = async (_job, host) => succeed(host);
  rig.painter.work = async () => ({ kind: "failed", failure: { code: "unknown", what: "the tool ran", why: "", fix: "", tail: [] } });
  rig.start();
  const training = rig.train(rig.character("Ada").id);
  const [lora] = (await rig.until(training.id, "succeeded")).results;
  const path = rig.loras.pathOf(rig.loras.get(lora!)!);
  const ask = async (change: () => void) => {
    const { id } = rig.jobs.queue.submitGeneration({ prompt: "x", loras: [{ id: lora!, strength: 1 }] }, { correlationId: "cor", idempotencyKey: null });
    change();
    return rig.until(id, "failed");
  };
  expect((await ask(() => writeFileSync(path, notANumber))).failure).toMatchObject({ code: "lora_damaged", why: expect.stringContaining("black") });
  expect((await ask(() => writeFileSync(path, zeros)))).toMatchObject({ failure: { what: "the tool ran" }, warnings: [expect.stringContaining("changes nothing")] });
  expect((await ask(() => writeFileSync(path, "<html>"))).failure).toMatchObject({ code: "corrupt_model", why: expect.stringContaining("web page") });
  expect((await ask(() => rmSync(path))).failure).toMatchObject({ code: "lora_missing", why: "Its file is not there." });
});
