import { afterEach, beforeEach, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ToolCommand, ToolHost } from "../../../plugins/plugin.ts";
import { seededRandom } from "../../testing/random.ts";
import { waitFor } from "../../testing/wait.ts";
import { laneEnvironment, lanesOf } from "./lane-names.ts";
import { untilStopped } from "../testing/fake-backends.ts";
import { openRig, type Rig, succeed } from "../testing/rig.ts";

let rig: Rig;
beforeEach(() => { rig = openRig(); });
afterEach(() => rig.close());

const two = [{ uuid: "GPU-bb", index: 1 }, { uuid: "GPU-aa", index: 0 }];
const laneOf = (id: string) => rig.jobs.store.row(id)!.lane;
const hold = () => {
  rig.trainer.work = async (_job, host) => { await untilStopped(host); return { kind: "stopped" }; };
  rig.painter.work = async (_job, host) => { await untilStopped(host); return { kind: "stopped" }; };
};

test("each GPU is a lane, by its place on the bus; one or none known is one lane without a name", () => {
  expect(lanesOf([])).toEqual(["gpu"]);
  expect(lanesOf([two[0]!])).toEqual(["gpu"]);
  expect(lanesOf(two)).toEqual(["gpu:GPU-aa", "gpu:GPU-bb"]);
  expect(laneEnvironment("gpu")).toEqual({});
  expect(laneEnvironment("gpu:GPU-bb")).toEqual({ CUDA_VISIBLE_DEVICES: "GPU-bb", CUDA_DEVICE_ORDER: "PCI_BUS_ID" });
});

test("two GPUs: a training takes the one without ComfyUI, pictures go on beside it, and a third job waits for the first to end", async () => {
  rig.gpus = two;
  hold();
  rig.statuses.push({ name: "comfyui", label: "ComfyUI", state: "ready", detail: "", pid: 1, port: 8188, version: "1", since: "" });
  rig.start();
  const ada = rig.train(rig.character("Ada").id);
  const picture = rig.paint();
  const later = rig.paint();
  await rig.until(picture.id, "starting");
  await rig.until(ada.id, "starting");
  expect([laneOf(ada.id), laneOf(picture.id)]).toEqual(["gpu:GPU-bb", "gpu:GPU-aa"]);
  expect(rig.stopped).toEqual([]);
  await waitFor("the reason is shown", () => rig.jobs.store.get(later.id)!.waiting?.jobId === picture.id);
  const eva = rig.train(rig.character("Eva").id);
  await waitFor("the reason is shown", () => rig.jobs.store.get(eva.id)!.waiting?.code === "gpu");
  rig.jobs.queue.cancel(ada.id);
  await rig.until(eva.id, "starting");
  expect(laneOf(eva.id)).toBe("gpu:GPU-bb");
  expect(rig.state(later.id)).toBe("queued");
});

test("a training on the GPU with ComfyUI has it stopped first; pictures then wait, and may pause exactly that training", async () => {
  rig.gpus = two;
  hold();
  rig.trainer.canPause = true;
  rig.statuses.push({ name: "comfyui", label: "ComfyUI", state: "ready", detail: "", pid: 1, port: 8188, version: "1", since: "" });
  rig.start();
  const [ada, eva] = [rig.train(rig.character("Ada").id), rig.train(rig.character("Eva").id)];
  await rig.until(ada.id, "starting");
  await rig.until(eva.id, "starting");
  await waitFor("both are entered", () => rig.trainer.calls === 2);
  const onFirst = [ada, eva].find(({ id }) => laneOf(id) === "gpu:GPU-aa")!;
  expect(new Set([laneOf(ada.id), laneOf(eva.id)]).size).toBe(2);
  expect(rig.stopped).toEqual(["comfyui"]);
  const picture = rig.paint();
  rig.jobs.actions.runNow(picture.id);
  expect(rig.jobs.store.get(onFirst.id)!.waiting?.code).toBe("pausing");
  expect([ada, eva].filter(({ id }) => rig.jobs.store.get(id)!.waiting !== null)).toHaveLength(1);
});

test("the child of a training sees its own GPU only", async () => {
  rig.gpus = two;
  const show = (host: ToolHost): ToolCommand => ({
    file: "/bin/sh", args: ["-c", "echo $CUDA_VISIBLE_DEVICES $CUDA_DEVICE_ORDER > seen"], cwd: host.attemptDir, env: { CUDA_VISIBLE_DEVICES: "9" }, columns: 80,
    stop: [{ signal: "SIGKILL", target: "group", waitMs: 1000 }],
  });
  let dir = "";
  rig.trainer.work = async (_job, host) => {
    dir = host.attemptDir;
    await host.run("train", show(host), () => {});
    return succeed(host);
  };
  rig.start();
  await rig.until(rig.train(rig.character().id).id, "succeeded");
  expect(readFileSync(join(dir, "seen"), "utf8").trim()).toBe("GPU-bb PCI_BUS_ID");
});

test("nothing begins before the GPUs were looked at, and while the only known lane is nameless no other one opens", async () => {
  rig.gpus = null;
  hold();
  rig.start();
  const { id } = rig.train(rig.character("Ada").id);
  await rig.round();
  expect(rig.state(id)).toBe("queued");
  rig.gpus = [];
  rig.jobs.dispatcher.wake();
  await rig.until(id, "starting");
  expect(laneOf(id)).toBe("gpu");
  rig.gpus = two;
  const picture = rig.paint();
  await rig.round();
  expect(rig.state(picture.id)).toBe("queued");
  rig.jobs.queue.cancel(id);
  await rig.until(picture.id, "starting");
  expect(laneOf(picture.id)).toBe("gpu:GPU-aa");
  rig.gpus = [];
  const other = rig.train(rig.character("Eva").id);
  await rig.round();
  expect(rig.state(other.id)).toBe("queued");
});

test("Q17: GPUs that come and go, restarts, stops and failures never give one GPU two jobs", async () => {
  const random = seededRandom(17);
  const characters = Array.from({ length: 4 }, (_, index) => rig.character(`Ada${"abcd"[index]}`).id);
  rig.trainer.work = async (_job, host) => {
    await Promise.race([untilStopped(host), Bun.sleep(random(10))]);
    return host.signal.aborted ? { kind: "stopped" } : succeed(host);
  };
  rig.painter.work = async (_job, host) => {
    await Promise.race([untilStopped(host), Bun.sleep(random(10))]);
    return host.signal.aborted ? { kind: "stopped" } : { kind: "failed", failure: { code: "x", what: "x", why: "", fix: "", tail: [] } };
  };
  let most = 0;
  const look = () => {
    const lanes = rig.jobs.store.activeRows().map((row) => row.lane);
    most = Math.max(most, lanes.length);
    expect(new Set(lanes).size).toBe(lanes.length);
    if (lanes.includes("gpu")) expect(lanes).toEqual(["gpu"]);
    for (const row of rig.jobs.store.activeRows()) if (row.kind === "generation") expect(["gpu", "gpu:GPU-aa"]).toContain(row.lane);
  };
  rig.bus.subscribe(({ event }) => { if (event.type === "job.changed") look(); });
  rig.start();
  const ids: string[] = [];
  for (let step = 0; step < 250; step++) {
    const choice = random(12);
    if (choice < 3) ids.push(rig.paint().id);
    else if (choice < 6) tolerate(() => ids.push(rig.train(characters[random(4)]!).id));
    else if (choice < 8 && ids.length > 0) tolerate(() => rig.jobs.queue.cancel(ids[random(ids.length)]!));
    else if (choice === 8) rig.gpus = [[], two, [two[1]!], two][random(4)]!;
    else if (step % 25 === 0) await rig.restart();
    else await Bun.sleep(random(4));
  }
  rig.gpus = two;
  await waitFor("every job has ended", () => ids.every((id) => rig.jobs.store.get(id)!.finishedAt !== null), 20_000);
  expect(most).toBe(2);
}, 30_000);

function tolerate(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    expect(error).toMatchObject({ name: "AppError" });
  }
}
