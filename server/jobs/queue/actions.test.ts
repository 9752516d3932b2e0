import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "../../base/errors.ts";
import { drawPicture } from "../../testing/pictures.ts";
import { waitFor } from "../../testing/wait.ts";
import { expectedStarts } from "./view.ts";
import { sweepFolders } from "../run/retention.ts";
import { JobTable, stepsKept } from "../store/table.ts";
import { openRig, type Rig, succeed } from "../testing/rig.ts";

let rig: Rig;
beforeEach(() => { rig = openRig(); });
afterEach(() => rig.close());

const failure = { code: "vram", what: "Out of memory.", why: "", fix: "", tail: [] };
const context = { correlationId: "cor-test", idempotencyKey: null };
function refusal(work: () => unknown): string {
  try {
    work();
    return "none";
  } catch (error) {
    if (error instanceof AppError) return `${error.code}: ${error.why}`;
    throw error;
  }
}

test("Q14: a failed training is tried again as the same job, in the same folder, so that it can resume", async () => {
  const dirs: string[] = [];
  rig.trainer.work = async (_job, host) => {
    dirs.push(host.attemptDir);
    return host.attempt === 1 ? { kind: "failed", failure } : succeed(host);
  };
  rig.start();
  const { id } = rig.train(rig.character().id);
  await rig.until(id, "failed");
  expect(rig.jobs.actions.retry(id)).toMatchObject({ id, state: "queued", failure: null, finishedAt: null });
  expect(await rig.until(id, "succeeded")).toMatchObject({ attempt: 2 });
  expect(dirs).toEqual([1, 2].map((attempt) => join(rig.paths.jobs, id, `attempt-${attempt}`)));
  expect(rig.jobs.store.history(id).find((step) => step.from === "failed")!.why).toBe("Started again by the user.");
  expect(refusal(() => rig.jobs.actions.retry(id))).toBe("conflict: It has ended well; repeat it to have it done anew.");
});

test("a cancelled job can be tried again and is not stopped by the old wish", async () => {
  rig.painter.work = async () => ({ kind: "failed", failure });
  const { id } = rig.paint();
  rig.jobs.queue.cancel(id);
  expect(rig.jobs.actions.retry(id).state).toBe("queued");
  rig.start();
  expect((await rig.until(id, "failed")).failure!.code).toBe("vram");
});

test("Q15: a retry does not make a second open training of a character, and not one of a deleted character or without its files", async () => {
  const ada = rig.character("Ada");
  const first = rig.train(ada.id);
  rig.jobs.queue.cancel(first.id);
  const second = rig.train(ada.id);
  expect(refusal(() => rig.jobs.actions.retry(first.id))).toBe("conflict: A character is trained once at a time.");
  expect(refusal(() => rig.jobs.actions.retry(second.id))).toBe("conflict: It is queued.");
  rig.jobs.queue.cancel(second.id);
  rmSync(join(rig.paths.jobs, first.id), { recursive: true });
  expect(refusal(() => rig.jobs.actions.retry(first.id))).toBe("conflict: Old jobs make room for new ones.");
  rig.characters.remove(ada.id);
  expect(refusal(() => rig.jobs.actions.retry(second.id))).toBe("conflict: What it makes would belong to nobody.");
});

test("what a person has tried again starts to count anew", async () => {
  rig.waitScale = 0.0001;
  rig.painter.work = async () => ({ kind: "interrupted", why: "gone" });
  rig.start();
  const { id } = rig.paint();
  await rig.until(id, "failed");
  expect(rig.painter.calls).toBe(3);
  rig.jobs.actions.retry(id);
  await waitFor("three more tries", () => rig.painter.calls === 6);
  await rig.until(id, "failed");
});

test("repeating makes a new job with the same wishes against the photos of now", async () => {
  rig.trainer.work = async (_job, host) => succeed(host);
  rig.start();
  const ada = rig.character();
  const first = rig.train(ada.id);
  await rig.until(first.id, "succeeded");
  await rig.photos.remove(ada.id, rig.photos.list(ada.id)[0]!.id);
  const again = await rig.jobs.admission.repeat(first.id, context, {});
  expect(again.id).not.toBe(first.id);
  expect(again.request).toEqual(first.request);
  const frozen = JSON.parse(rig.jobs.store.row(again.id)!.frozen) as { job: { name: string; photos: unknown[] } };
  expect([frozen.job.name, frozen.job.photos.length]).toEqual(["adax7_v2", 3]);
  await rig.until(again.id, "succeeded");
  const picture = rig.paint("a garden", 3);
  expect((await rig.jobs.admission.repeat(picture.id, context, {})).request).toEqual(picture.request);
  rig.db.query("update job set request = '???' where id = ?").run(picture.id);
  expect(rig.jobs.admission.repeat(picture.id, context, {})).rejects.toMatchObject({ code: "conflict" });
});

test("deleting a job takes its folder, log, artifacts and series with it; its pictures and LoRA stay", async () => {
  const png = await drawPicture({ width: 32, height: 32, seed: 1, format: "png" });
  rig.painter.work = async (job, host) => {
    host.metrics("speed", [[1, 2]]);
    await host.output(0, png, {
      v: 1, job: host.jobId, prompt: job.prompt, model: job.model, loras: [], seed: 1, steps: 1, guidance: null, width: 32, height: 32,
      sampler: "euler", scheduler: "simple", backend: "fake",
    });
    return { kind: "succeeded" };
  };
  rig.trainer.work = async (_job, host) => succeed(host);
  rig.start();
  const picture = rig.jobs.queue.submitGeneration({ prompt: "x" }, { ...context, idempotencyKey: "key-1" });
  const training = rig.train(rig.character().id);
  await rig.until(training.id, "succeeded");
  const [output] = (await rig.until(picture.id, "succeeded")).results;
  const [lora] = rig.jobs.store.get(training.id)!.results;
  for (const { id } of [picture, training]) {
    rig.jobs.actions.remove(id);
    expect(rig.jobs.queue.get(id)).toBeNull();
    expect(existsSync(join(rig.paths.jobs, id))).toBe(false);
    expect(existsSync(join(rig.paths.jobLogs, `${id}.jsonl`))).toBe(false);
    expect(rig.metrics.series(id)).toEqual([]);
    expect(rig.events.at(-1)).toEqual({ type: "job.removed", jobId: id });
    expect(refusal(() => rig.jobs.actions.remove(id))).toStartWith("not_found");
  }
  expect(rig.jobs.queue.list({ limit: 10 })).toEqual([]);
  expect(rig.jobs.actions.view().recent).toEqual([]);
  expect([rig.outputs.get(output!)?.id, rig.loras.get(lora!)?.id]).toEqual([output, lora]);
  const repeated = rig.jobs.queue.submitGeneration({ prompt: "x" }, { ...context, idempotencyKey: "key-1" });
  expect(repeated.id).not.toBe(picture.id);
  expect(refusal(() => rig.jobs.actions.remove(repeated.id))).toStartWith("conflict: It is ");
});

test("Q23: files of old jobs go, the newest stay with their files, and no row is lost", async () => {
  rig.painter.work = async (_job, host) => {
    host.log("info", "test.line", "a line");
    return { kind: "failed", failure };
  };
  rig.start();
  const ids: string[] = [];
  for (let index = 0; index < 6; index++) {
    ids.push(rig.paint().id);
    await rig.until(ids.at(-1)!, "failed");
  }
  const removal = rig.jobs.store.removal(rig.paths);
  const { log } = rig;
  expect(await sweepFolders({ removal, jobLogs: rig.jobLogs, jobsDir: rig.paths.jobs, log, kept: 2 })).toBe(false);
  const kept = (id: string) => [existsSync(join(rig.paths.jobs, id)), existsSync(join(rig.paths.jobLogs, `${id}.jsonl`))];
  expect(ids.map((id) => kept(id).every(Boolean))).toEqual([false, false, false, false, true, true]);
  expect(ids.slice(0, 4).flatMap(kept)).toEqual(Array(8).fill(false));
  expect(rig.jobs.queue.list({ limit: 10 })).toHaveLength(6);
  expect(await sweepFolders({ removal, jobLogs: rig.jobLogs, jobsDir: rig.paths.jobs, log, kept: 2 })).toBe(false);
});

test("Q23: the history of one job has a limit, and what is shown is the newest", () => {
  const { id } = rig.paint();
  const table = new JobTable(rig.db, rig.bus, rig.log);
  for (let index = 0; index < stepsKept + 50; index++) table.write(() => table.step(id, "queued", `step ${index}`));
  const history = rig.jobs.store.history(id);
  expect(history).toHaveLength(stepsKept);
  expect(history.at(-1)!.why).toBe(`step ${stepsKept + 49}`);
});

test("the expected start of a waiting job is told only where it can be known", () => {
  const job = (kind: "training" | "generation", etaSeconds: number | null = null, until?: string) =>
    ({ kind, progress: { etaSeconds }, waiting: until === undefined ? null : { code: "retry", text: "", until } }) as never;
  const usual = (kind: string) => (kind === "generation" ? 30 : null);
  expect(expectedStarts([job("training", 600)], [job("generation"), job("generation"), job("training"), job("generation")], usual)).toEqual([600, 630, 660, null]);
  expect(expectedStarts([job("training", null)], [job("generation")], usual)).toEqual([null]);
  const held = Object.assign(job("training"), { waiting: { code: "disk", text: "" } });
  expect(expectedStarts([job("training", 600)], [held, job("generation")], usual)).toEqual([null, 600]);
  const now = Date.parse("2026-01-01T00:00:00.000Z");
  expect(expectedStarts([], [job("generation", null, "2026-01-01T00:00:40.000Z"), job("generation")], usual, now)).toEqual([40, 70]);
});
