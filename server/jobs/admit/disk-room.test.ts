import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TrainingDisk } from "../../../plugins/interfaces/training.ts";
import { createLog } from "../../base/log.ts";
import { forecastNeed } from "../../system/disk/forecast.ts";
import { DiskGuard } from "../../system/disk/guard.ts";
import { smallDisk } from "../../testing/mount.ts";
import { waitFor } from "../../testing/wait.ts";
import { DiskRoom } from "./disk-room.ts";
import { untilStopped } from "../testing/fake-backends.ts";
import { openRig, type Rig, succeed } from "../testing/rig.ts";

let rig: Rig;
beforeEach(() => { rig = openRig(); });
afterEach(() => rig.close());

const mib = 1024 ** 2;
const small: TrainingDisk = { checkpointBytes: mib, checkpointsKept: 1, optimizerBytes: mib, samples: 0 };
const large: TrainingDisk = { ...small, checkpointsKept: 1000 };
const waitingOf = (id: string) => rig.jobs.store.get(id)!.waiting;
const holdAll = () => {
  rig.trainer.work = async (_job, host) => { await untilStopped(host); return { kind: "stopped" }; };
  rig.painter.work = async (_job, host) => { await untilStopped(host); return { kind: "stopped" }; };
};

test("a training that does not fit on the disk waits with the reason and no attempt, holds up nobody, and begins once there is room", async () => {
  rig.trainer.disk = ({ values }) => (values["steps"] === 200 ? large : small);
  rig.trainer.work = async (_job, host) => succeed(host);
  rig.painter.work = async (_job, host) => { await untilStopped(host); return { kind: "stopped" }; };
  rig.disk.freeBytes = 500 * mib;
  const training = rig.train(rig.character("Ada").id);
  const pictures = rig.paint();
  const behind = rig.paint();
  rig.start();
  await rig.until(pictures.id, "starting");
  await waitFor("the reasons are shown", () => waitingOf(training.id)?.code === "disk" && waitingOf(behind.id)?.code === "gpu");
  expect(rig.jobs.store.get(training.id)).toMatchObject({ state: "queued", attempt: 0, waiting: { code: "disk", text: expect.stringContaining("Waits for disk space") } });
  expect(waitingOf(behind.id)!.text).not.toContain("other job");
  expect(rig.path(training.id)).toEqual(["queued"]);
  for (const { id } of [pictures, behind]) rig.jobs.queue.cancel(id);
  await waitFor("nothing else is left", () => rig.jobs.store.active().length === 0);
  rig.disk.freeBytes = 5000 * mib;
  rig.jobs.room.forget(training.id); // what is known of its need is kept for some seconds
  rig.jobs.dispatcher.wake();
  expect((await rig.until(training.id, "succeeded")).attempt).toBe(1);
});

test("a disk without room for any training or picture holds back thousands of them at no cost", async () => {
  holdAll();
  rig.disk.freeBytes = 0;
  const ids = Array.from({ length: 300 }, () => rig.paint().id);
  rig.start();
  await waitFor("the reason is shown", () => waitingOf(ids[0]!)?.code === "disk");
  const { looks } = rig.disk;
  rig.jobs.lanes.claim();
  expect(rig.disk.looks - looks).toBeLessThan(10);
  rig.disk.freeBytes = 1;
  rig.jobs.dispatcher.wake();
  await rig.until(ids[0]!, "starting");
});

test("what a running training is still going to write is taken, follows what it has written, and is given back at its end", async () => {
  rig.trainer.disk = () => small;
  holdAll();
  rig.start();
  const { id } = rig.train(rig.character("Ada").id);
  await rig.until(id, "starting");
  const whole = forecastNeed(small, 0, "elsewhere").volumeBytes;
  await waitFor("it is expected", () => rig.disk.expected.get(id)?.volumeBytes);
  const output = join(rig.paths.jobs, id, "output");
  mkdirSync(output, { recursive: true });
  writeFileSync(join(output, "ada_000000200.safetensors"), Buffer.alloc(20 * mib));
  // A server that comes later measures at once.
  await rig.restart();
  rig.jobs.dispatcher.wake();
  await waitFor("the rest has shrunk", () => (rig.disk.expected.get(id)?.volumeBytes ?? whole) < whole - 19 * mib);
  expect(rig.disk.expected.get(id)!.volumeBytes).toBeGreaterThan(whole - 21 * mib);
  expect(rig.jobs.room.refusal(rig.jobs.store.row(id)!)).toBeNull();
  rig.jobs.queue.cancel(id);
  await rig.until(id, "cancelled");
  await waitFor("nothing is expected any more", () => rig.disk.expected.size === 0);
});

test("with two GPUs the second training does not begin when the first takes the room that is left", async () => {
  rig.gpus = [{ uuid: "GPU-aa", index: 0 }, { uuid: "GPU-bb", index: 1 }];
  rig.trainer.disk = () => small;
  holdAll();
  rig.disk.freeBytes = forecastNeed(small, 0, "elsewhere").volumeBytes * 1.5;
  const [ada, eva] = [rig.train(rig.character("Ada").id), rig.train(rig.character("Eva").id)];
  rig.start();
  await rig.until(ada.id, "starting");
  await waitFor("the reason is shown", () => waitingOf(eva.id)?.code === "disk");
  expect(rig.state(eva.id)).toBe("queued");
});

test("on a real small disk a training is held back below its forecast and begins when something was deleted", async () => {
  using disk = smallDisk(400 * mib);
  if (disk === null) return console.log("left out: nothing may be mounted here");
  const guard = new DiskGuard({ volume: disk.path, scratch: disk.path, reserveFile: join(disk.path, "reserve"), log: createLog({ write: () => {} }, "error"), sweep: async () => ({ files: 0, bytes: 0 }) });
  const room = new DiskRoom({ disk: guard, store: rig.jobs.store, backends: rig.backends, jobsDir: rig.paths.jobs, log: rig.log });
  rig.trainer.disk = () => ({ ...small, checkpointsKept: 100 });
  const row = rig.jobs.store.row(rig.train(rig.character("Ada").id).id)!;
  writeFileSync(join(disk.path, "other"), Buffer.alloc(250 * mib));
  await guard.refresh();
  expect(room.refusal(row)).toEqual({ code: "disk", text: expect.stringMatching(/^Waits for disk space: 150 MiB are free on the disk of .*, and this job is going to write about 18\d MiB\.$/) });
  expect(room.refusalOf("training")).toBeNull();
  writeFileSync(join(disk.path, "other"), "");
  await guard.refresh();
  expect(room.refusal(row)).toBeNull();
});

test("what a training would write is told before anybody asks for it, and nothing is made for it", () => {
  rig.trainer.disk = ({ photos }) => ({ ...small, cacheBytes: photos.length * mib, downloadBytes: 100 * mib });
  const { id } = rig.character("Ada", 4);
  const { writesBytes, downloadBytes, refusal } = rig.jobs.queue.outlook({ characterId: id, preset: "quick" });
  // One checkpoint more than is kept, twice the optimizer, four photos, the log: with a tenth more.
  expect([writesBytes! / mib, downloadBytes, refusal]).toEqual([expect.closeTo(100 + (2 + 2 + 4 + 64) * 1.1, 1), 100 * mib, null]);
  rig.disk.freeBytes = 10;
  expect(rig.jobs.queue.outlook({ characterId: id, preset: "quick" }).refusal).toContain("There is not enough room: 10 bytes are free");
  expect(() => rig.jobs.queue.outlook({ characterId: "chr-nobody", preset: "quick" })).toThrow("no character");
  expect(rig.jobs.queue.list({ limit: 10 })).toEqual([]);
  expect(existsSync(rig.paths.jobs) ? readdirSync(rig.paths.jobs) : []).toEqual([]);
});
