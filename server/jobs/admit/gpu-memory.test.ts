import { afterEach, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import { createLog } from "../../base/log.ts";
import { GpuWatch } from "../../system/gpu/gpu.ts";
import { waitFor } from "../../testing/wait.ts";
import { isTaken } from "./gpu-memory.ts";
import { openRig, type Rig, succeed } from "../testing/rig.ts";

let rig: Rig;
beforeEach(() => { rig = openRig(); });
afterEach(() => rig.close());

const gpu = { uuid: "GPU-aa", index: 0, name: "NVIDIA RTX 4090", memoryTotalMib: 24_564 };
const comfyui = { name: "comfyui", label: "ComfyUI", state: "ready" as const, detail: "", pid: 1, port: 8188, version: "1", since: "" };
const measures = () => rig.said.filter((line) => line["event"] === "lane.room-made").map((line) => line["usedMib"]);
const withComfy = () => {
  rig.statuses.push(comfyui);
  rig.services.stopService = async (name) => {
    rig.stopped.push(name);
    rig.statuses.splice(0, 1, { ...comfyui, state: "stopped" as never });
  };
};

test.each([
  [24_564, 900, false], [24_564, 6_000, false], [24_564, 6_200, true], [81_559, 40_000, false], [81_559, 70_000, true], [16_376, 3_000, false], [16_376, 5_000, true],
  [null, 20_000, false], [24_564, null, false],
] as const)("of %p MiB other programs have %p: a training has to wait: %p", (memoryTotalMib, memoryUsedMib, expected) => {
  expect(isTaken({ memoryTotalMib, memoryUsedMib })).toBe(expected);
});

test("before a training nvidia-smi measures: at first, after ComfyUI was asked to free its memory, and after it was stopped", async () => {
  withComfy();
  rig.trainer.work = async (_job, host) => succeed(host);
  rig.gpu.onLook = (look) => (rig.gpus = [{ ...gpu, memoryUsedMib: [20_000, 4_000, 600][look - 1] ?? 600 }]);
  rig.start();
  await rig.until(rig.train(rig.character("Ada").id).id, "succeeded");
  expect([rig.painter.freed, rig.stopped, measures()]).toEqual([["http://127.0.0.1:8188"], ["comfyui"], [[20_000, 4_000, 600]]]);
});

test("memory that the driver gives back late is waited for", async () => {
  withComfy();
  rig.trainer.work = async (_job, host) => succeed(host);
  rig.gpu.onLook = (look) => (rig.gpus = [{ ...gpu, memoryUsedMib: look < 5 ? 20_000 : 600 }]);
  rig.start();
  await rig.until(rig.train(rig.character("Ada").id).id, "succeeded");
  expect(measures()).toEqual([[20_000, 20_000, 20_000, 20_000, 600]]);
});

test("Q10: a training waits while another program holds the GPU's memory, says how much, uses no attempt and begins once it is free", async () => {
  rig.trainer.work = async (_job, host) => succeed(host);
  rig.gpus = [{ ...gpu, memoryUsedMib: 20_000 }];
  rig.start();
  const { id } = rig.train(rig.character("Ada").id);
  const waiting = await rig.until(id, "snoozed");
  expect(waiting).toMatchObject({ attempt: 0, waiting: { code: "gpu_memory", text: "Waits for GPU memory: other programs use 19.5 of 24.0 GiB of NVIDIA RTX 4090. End them; it is looked at every 15 seconds." } });
  const steps = rig.path(id).length;
  rig.gpus = [{ ...gpu, memoryUsedMib: 15_000 }];
  await waitFor("it was looked at again", () => rig.jobs.store.get(id)!.waiting?.text.includes("14.6 of 24.0"));
  expect(rig.path(id)).toHaveLength(steps);
  rig.gpus = [{ ...gpu, memoryUsedMib: 600 }];
  expect((await rig.until(id, "succeeded")).attempt).toBe(1);
});

test("a GPU of which nobody knows the memory, and a machine without nvidia-smi, hold nothing back", async () => {
  rig.trainer.work = async (_job, host) => succeed(host);
  rig.gpus = [{ ...gpu, memoryUsedMib: null }];
  rig.start();
  await rig.until(rig.train(rig.character("Ada").id).id, "succeeded");
  rig.gpus = [];
  await rig.until(rig.train(rig.character("Eva").id).id, "succeeded");
  expect(measures()).toEqual([[null], [null]]);
});

test("the real watch and a real nvidia-smi program: full at first, then free", async () => {
  const env = { ISENGARD_SIM_SCENARIO: "gpu-busy" };
  const program = join(import.meta.dir, "../../../plugins/nvidia-smi/testing/run.ts");
  const watch = new GpuWatch({ command: () => [process.execPath, program], intervalMs: 50, log: createLog({ write: () => {} }, "error"), env, onChange: (status) => rig.bus.publish({ type: "gpu.changed", gpu: status }) });
  Object.assign(rig.gpu, { status: () => watch.status(), fresh: () => watch.fresh() });
  rig.trainer.work = async (_job, host) => succeed(host);
  watch.start();
  rig.start();
  const { id } = rig.train(rig.character("Ada").id);
  expect((await rig.until(id, "snoozed")).waiting!.text).toContain("other programs use 19.5 of 24.0 GiB of Simulated GPU");
  env.ISENGARD_SIM_SCENARIO = "ok";
  expect((await rig.until(id, "succeeded")).attempt).toBe(1);
  watch.stop();
}, 30_000);
