import { afterEach, beforeEach, expect, test } from "bun:test";
import { waitFor } from "../../testing/wait.ts";
import { untilStopped } from "../testing/fake-backends.ts";
import { openRig, type Rig, succeed } from "../testing/rig.ts";

let rig: Rig;
beforeEach(() => { rig = openRig(); });
afterEach(() => rig.close());

const one = { uuid: "GPU-aa", index: 0, name: "NVIDIA RTX 4090", fault: null };
const two = [one, { uuid: "GPU-bb", index: 1, name: "NVIDIA RTX 4090", fault: null }];
const fault = { code: "gpu_fault", what: "The GPU stopped working.", why: "CUDA error: device-side assert triggered.", fix: "", tail: [] };
const lost = { id: "GPU-aa", reason: "It does not answer any more.", since: "", stays: false };
const waitingOf = (id: string) => rig.jobs.store.get(id)!.waiting;
const laneOf = (id: string) => rig.jobs.store.row(id)!.lane;

test("F63: after a training met a fault of the GPU nothing begins on it, with the reason, until a person says that it is well", async () => {
  rig.gpus = [one];
  rig.trainer.work = async (_job, host) => (rig.trainer.calls === 1 ? { kind: "failed", failure: fault } : succeed(host));
  rig.start();
  const training = rig.train(rig.character("Ada").id);
  expect((await rig.until(training.id, "failed")).failure!.code).toBe("gpu_fault");
  const [again, pictures] = [rig.train(rig.character("Eva").id), rig.paint()];
  await waitFor("the reasons are shown", () => waitingOf(again.id) !== null && waitingOf(pictures.id) !== null);
  const text = "Waits because the GPU is not well: CUDA error: device-side assert triggered. Say on the Home page when it can be used again.";
  for (const { id } of [again, pictures]) expect(rig.jobs.store.get(id)).toMatchObject({ state: "queued", attempt: 0, waiting: { code: "gpu_fault", text } });
  await rig.restart();
  expect(rig.state(again.id)).toBe("queued");
  rig.gpus = [one];
  rig.bus.publish({ type: "gpu.changed", gpu: rig.gpu.status() });
  await rig.until(again.id, "succeeded");
});

test("F63: a GPU that does not answer holds back what would begin on it, and its jobs go on by themselves when it answers", async () => {
  rig.gpus = [{ ...one, fault: lost }];
  rig.painter.work = async (_job, host) => { await untilStopped(host); return { kind: "stopped" }; };
  rig.start();
  const { id } = rig.paint();
  await waitFor("the reason is shown", () => waitingOf(id)?.code === "gpu_fault");
  expect(waitingOf(id)!.text).toBe("Waits because the GPU is not well: It does not answer any more. It goes on by itself when the GPU answers again.");
  rig.gpus = [one];
  rig.bus.publish({ type: "gpu.changed", gpu: rig.gpu.status() });
  await rig.until(id, "starting");
});

test("F63: with two GPUs the well one is used, and only what needs the other one waits, with its name", async () => {
  rig.gpus = [{ ...one, fault: lost }, two[1]!];
  rig.trainer.work = async (_job, host) => { await untilStopped(host); return { kind: "stopped" }; };
  rig.start();
  const [pictures, ada, eva] = [rig.paint(), rig.train(rig.character("Ada").id), rig.train(rig.character("Eva").id)];
  await rig.until(ada.id, "starting");
  await waitFor("the reasons are shown", () => waitingOf(pictures.id) !== null && waitingOf(eva.id)?.code === "gpu");
  expect(laneOf(ada.id)).toBe("gpu:GPU-bb");
  expect(waitingOf(pictures.id)!.text).toStartWith("Waits because GPU 0 is not well: It does not answer any more.");
  expect(waitingOf(eva.id)!.text).toBe("Waits for the training of Ada on GPU 1.");
});

test("F63: a ComfyUI that met a fault of the GPU is stopped, for it would fail for ever", async () => {
  rig.gpus = [one];
  rig.statuses.push({ name: "comfyui", label: "ComfyUI", state: "ready", detail: "", pid: 1, port: 8188, version: "1", since: "" });
  rig.painter.work = async () => ({ kind: "failed", failure: fault });
  rig.start();
  expect((await rig.until(rig.paint().id, "failed")).failure!.code).toBe("gpu_fault");
  expect(rig.stopped).toEqual(["comfyui"]);
  expect(rig.gpu.status().gpus[0]!.fault?.reason).toContain("device-side assert");
});

test("F63: without any GPU that nvidia-smi knows a fault holds nothing back: the next try says the same", async () => {
  rig.gpus = [];
  rig.trainer.work = async () => ({ kind: "failed", failure: fault });
  rig.start();
  await rig.until(rig.train(rig.character("Ada").id).id, "failed");
  await rig.until(rig.train(rig.character("Eva").id).id, "failed");
});
