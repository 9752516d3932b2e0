import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { TrainingOutcome } from "../../../plugins/interfaces/training.ts";
import { AppError } from "../../base/errors.ts";
import { drawPicture } from "../../testing/pictures.ts";
import { waitFor } from "../../testing/wait.ts";
import { untilStopped } from "../testing/fake-backends.ts";
import { openRig, type Rig, succeed } from "../testing/rig.ts";

let rig: Rig;
beforeEach(() => { rig = openRig(); });
afterEach(() => rig.close());

const never = () => Promise.withResolvers<TrainingOutcome>().promise;

test("a training runs from the queue to a published LoRA", async () => {
  const ada = rig.character();
  rig.trainer.work = async (job, host) => {
    expect(job).toMatchObject({ name: "adax7_v1", triggerWord: "adax7", baseModel: "flux-dev", values: { steps: 200, optimizer: "adamw8bit" } });
    expect(job.photos).toHaveLength(4);
    expect(job.photos.every((photo) => existsSync(photo.path))).toBe(true);
    host.progress({ stages: [], step: 1, totalSteps: 2, fraction: 0.5, speed: "", loss: 0.4, learningRate: null, message: "" });
    host.metrics("loss/loss", [[1, 0.4]]);
    host.warn("One photo is small.");
    return succeed(host);
  };
  rig.start();
  const { id, title } = rig.train(ada.id);
  expect(title).toBe("Training Ada, Quick");
  const done = await rig.until(id, "succeeded");
  expect(rig.path(id)).toEqual(["queued", "claimed", "starting", "running", "succeeded"]);
  expect(done).toMatchObject({ attempt: 1, warnings: ["One photo is small."], progress: { step: 1 }, failure: null });
  expect(rig.loras.get(done.results[0]!)).toMatchObject({ version: 1, jobId: id, steps: 200 });
  expect(rig.metrics.series(id)).toEqual([{ key: "loss/loss", points: [[1, 0.4]] }]);
  expect(rig.characters.get(ada.id)).toMatchObject({ loraCount: 1, activeJobId: null });
  await waitFor("the character is told", () => rig.events.some((event) => event.type === "character.changed" && event.character.activeJobId === id));
});

test("F70: photos that are deleted after the job was accepted are still there for the training", async () => {
  const ada = rig.character();
  rig.trainer.work = async (job, host) => (job.photos.every((photo) => existsSync(photo.path)) ? succeed(host) : never());
  const { id } = rig.train(ada.id);
  for (const photo of rig.photos.list(ada.id)) await rig.photos.remove(ada.id, photo.id);
  rig.start();
  await rig.until(id, "succeeded");
});

test("a generation stores its pictures once and names them as results", async () => {
  const png = await drawPicture({ width: 32, height: 32, seed: 1, format: "png" });
  rig.painter.work = async (job, host) => {
    for (const [index, seed] of job.seeds.entries()) {
      host.preview(index, png);
      for (let twice = 0; twice < 2; twice++) {
        await host.output(index, png, {
          v: 1, job: host.jobId, prompt: job.prompt, model: job.model, loras: [], seed, steps: job.steps, guidance: job.guidance,
          width: job.width, height: job.height, sampler: "euler", scheduler: "simple", backend: "fake",
        });
      }
    }
    return { kind: "succeeded" };
  };
  rig.start();
  const { id } = rig.paint("a garden", 3);
  const done = await rig.until(id, "succeeded");
  expect(done.results).toHaveLength(3);
  expect(rig.outputs.list({ jobId: id, limit: 10 }).outputs.map((output) => output.index).sort()).toEqual([0, 1, 2]);
  expect(rig.events.find((event) => event.type === "job.preview")).toMatchObject({ index: 0, dataUrl: expect.stringMatching(/^data:image\/png;base64,/) });
});

test("a tool that says it is done without a picture has failed", async () => {
  rig.painter.work = async () => ({ kind: "succeeded" });
  rig.start();
  const { id } = rig.paint("a garden", 2);
  expect((await rig.until(id, "failed")).failure).toMatchObject({ code: "picture_missing", what: "Picture 1 of 2 was not delivered." });
});

test("a queued job is cancelled at once, a running one only when the tool has stopped", async () => {
  const letGo = Promise.withResolvers<void>();
  rig.painter.work = async (_job, host) => {
    host.log("info", "test.begun", "begun");
    await untilStopped(host);
    await letGo.promise;
    return { kind: "stopped" };
  };
  rig.start();
  const running = rig.paint();
  const waiting = rig.paint();
  await waitFor("the tool works", () => rig.painter.calls === 1);
  expect(rig.jobs.queue.cancel(waiting.id).state).toBe("cancelled");
  expect(rig.jobs.queue.cancel(running.id).state).toBe("stopping");
  expect(rig.jobs.queue.cancel(running.id).state).toBe("stopping");
  await rig.round();
  expect(rig.state(running.id)).toBe("stopping");
  letGo.resolve();
  await rig.until(running.id, "cancelled");
  expect(() => rig.jobs.queue.cancel(running.id)).toThrow(AppError);
  expect(rig.painter.calls).toBe(1);
});

test("Q13: an interrupted job is tried three times and is then parked with its evidence", async () => {
  rig.painter.work = async () => ({ kind: "interrupted", why: "The tool vanished." });
  rig.start();
  const { id } = rig.paint();
  const failed = await rig.until(id, "failed");
  expect(rig.painter.calls).toBe(3);
  expect(failed).toMatchObject({ attempt: 3, failure: { code: "interrupted_too_often", why: "The tool vanished." } });
  expect(failed.failure!.tail).toHaveLength(3);
  expect(rig.path(id).filter((state) => state === "interrupted")).toHaveLength(3);
});

test("whatever a backend throws ends its job with a sentence, and the next job runs", async () => {
  const errors: unknown[] = [new AppError("storage_full", "There is no room."), new TypeError("x is not a function"), "just text"];
  rig.painter.work = async () => {
    if (errors.length > 0) throw errors.shift();
    return { kind: "failed", failure: { code: "nan", what: "The picture is black.", why: "", fix: "", tail: [] } };
  };
  rig.start();
  const jobs = Array.from({ length: 4 }, () => rig.paint());
  const ends = await Promise.all(jobs.map((job) => rig.until(job.id, "failed")));
  expect(ends.map((job) => job.failure!.code)).toEqual(["disk_full", "internal", "internal", "nan"]);
  expect(ends[1]!.failure!.why).toBe("x is not a function");
});

/** A full queue but one are 9,999. */
const badJobs = Number(process.env["ISENGARD_TEST_BAD_JOBS"] ?? 200);

test("Q19: jobs that cannot be read, or of an unknown kind, do not block the one behind them", async () => {
  rig.db.run("pragma synchronous = off"); // no power is cut here
  const bad = Array.from({ length: badJobs }, () => rig.paint());
  const good = rig.paint();
  for (const [index, { id }] of bad.entries()) {
    const [column, value] = [["frozen", "{ not json"], ["kind", "hologram"], ["frozen", '{"v":9}'], ["request", "???"], ["warnings", "{"]][index % 5]!;
    rig.db.query(`update job set ${column} = ? where id = ?`).run(value!, id);
  }
  rig.painter.work = async () => ({ kind: "failed", failure: { code: "reached", what: "Reached.", why: "", fix: "", tail: [] } });
  rig.start();
  await waitFor("all bad ones have failed", () => rig.state(bad.at(-1)!.id) === "failed", 30_000 + badJobs * 50);
  const turn = performance.now();
  expect((await rig.until(good.id, "failed")).failure!.code).toBe("reached");
  expect(performance.now() - turn).toBeLessThan(1000);
  expect(bad.map(({ id }) => rig.state(id))).toEqual(bad.map(() => "failed"));
  expect(rig.jobs.store.get(bad[0]!.id)!.failure!.code).toBe("unreadable_job");
  expect(rig.jobs.store.get(bad[1]!.id)!.failure!.code).toBe("unknown_kind");
  expect(rig.jobs.queue.list({ limit: 50 })).toHaveLength(50);
}, 60_000 + badJobs * 60);

test("Q21: the queue outlives a disk that fails for a while, and no job fails by it", async () => {
  rig.painter.work = async (_job, host) => {
    await untilStopped(host);
    return { kind: "stopped" };
  };
  const { store } = rig.jobs;
  const { claimNext, transition } = store;
  const broken = () => { throw Object.assign(new Error("disk I/O error"), { code: "SQLITE_IOERR_FSYNC" }); };
  store.claimNext = broken;
  rig.start();
  const { id } = rig.paint();
  await waitFor("three rounds have failed", () => rig.said.filter((line) => line["event"] === "dispatcher.storage-fault").length >= 3);
  store.claimNext = claimNext;
  await rig.until(id, "starting");
  rig.jobs.queue.cancel(id);
  store.transition = broken;
  await waitFor("the end could not be stored", () => rig.said.some((line) => line["event"] === "job.end-not-stored"));
  store.transition = transition;
  expect((await rig.until(id, "cancelled")).attempt).toBe(1);
});

test("Q10: a training that cannot get the GPU's memory waits without using an attempt", async () => {
  const ada = rig.character();
  rig.waitScale = 1;
  rig.statuses.push({ name: "comfyui", label: "ComfyUI", state: "ready", detail: "", pid: 1, port: 8188, version: "1", since: "" });
  rig.services.stopService = async () => { throw new Error("it does not stop"); };
  rig.start();
  const { id } = rig.train(ada.id);
  const waiting = await rig.until(id, "snoozed");
  expect(waiting).toMatchObject({ attempt: 0, waiting: { code: "gpu_memory" } });
  expect(waiting.waiting!.text).toContain("every 15 seconds");
  expect(rig.painter.freed).toEqual(["http://127.0.0.1:8188"]);
  expect(rig.jobs.queue.cancel(id).state).toBe("cancelled");
  expect(rig.trainer.calls).toBe(0);
});

test("nothing is claimed before the mode is chosen, and the job says so", async () => {
  const { id } = rig.paint();
  const { training, image } = { training: rig.trainer, image: rig.painter };
  rig.backends.beginChange();
  rig.start();
  await waitFor("the reason is shown", () => rig.jobs.store.get(id)!.waiting?.code === "mode_not_chosen");
  rig.backends.choose([{ training, image }], "production");
  rig.jobs.dispatcher.wake();
  await waitFor("it was run", () => rig.painter.calls > 0);
});

test("every attempt has its own folder below the job's", async () => {
  const seen: string[] = [];
  rig.painter.work = async (_job, host) => {
    seen.push(host.attemptDir);
    return seen.length < 2 ? { kind: "interrupted", why: "once" } : { kind: "failed", failure: { code: "x", what: "x", why: "", fix: "", tail: [] } };
  };
  rig.start();
  const { id } = rig.paint();
  await rig.until(id, "failed");
  expect(seen).toEqual([1, 2].map((attempt) => join(rig.paths.jobs, id, `attempt-${attempt}`)));
});
