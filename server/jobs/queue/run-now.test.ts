import { afterEach, beforeEach, expect, test } from "bun:test";
import { AppError } from "../../base/errors.ts";
import { waitFor } from "../../testing/wait.ts";
import type { ImageOutcome } from "../../../plugins/interfaces/image.ts";
import type { TrainingHost } from "../../../plugins/interfaces/training.ts";
import { untilStopped } from "../testing/fake-backends.ts";
import { openRig, type Rig, succeed } from "../testing/rig.ts";

let rig: Rig;
beforeEach(() => {
  rig = openRig();
  rig.trainer.canPause = true;
});
afterEach(() => rig.close());

const reached: ImageOutcome = { kind: "failed", failure: { code: "reached", what: "x", why: "", fix: "", tail: [] } };
const untilPaused = (host: TrainingHost) => new Promise<void>((resolve) => {
  if (host.pauseSignal!.aborted) resolve();
  host.pauseSignal!.addEventListener("abort", () => resolve(), { once: true });
});

/** A training that saves when it is to give way and ends at its second attempt. */
function trainPausable(step: number | null = 1250): string[] {
  const attempts: string[] = [];
  rig.trainer.work = async (_job, host: TrainingHost) => {
    attempts.push(host.attemptDir.split("/").at(-1)!);
    host.progress({ stages: [], step: 1, totalSteps: 2, fraction: null, speed: "", loss: null, learningRate: null, message: "" });
    if (host.attempt > 1) return succeed(host);
    await Promise.race([untilPaused(host), untilStopped(host)]);
    return host.signal.aborted ? { kind: "stopped" } : { kind: "paused", step };
  };
  return attempts;
}

test("pictures that shall not wait pause the training, are made, and it goes on by itself without using an attempt", async () => {
  const attempts = trainPausable();
  const order: string[] = [];
  let waitingText = "";
  let waitingAttempt = -1;
  let trainingId = "";
  rig.painter.work = async (job) => {
    order.push(job.prompt);
    if (job.prompt === "urgent") {
      const training = rig.jobs.store.get(trainingId)!;
      [waitingText, waitingAttempt] = [training.waiting!.text, training.attempt];
      expect(training.waiting).toMatchObject({ code: "paused", jobId: urgent.id });
    }
    return reached;
  };
  rig.start();
  trainingId = rig.train(rig.character().id).id;
  await rig.until(trainingId, "running");
  const other = rig.paint("other");
  const urgent = rig.paint("urgent", 4);
  expect(rig.jobs.actions.runNow(urgent.id)).toMatchObject({ id: urgent.id, state: "queued" });
  expect(rig.jobs.store.get(trainingId)!.waiting).toEqual({ code: "pausing", text: "Saves its work and pauses for 4 pictures.", jobId: urgent.id });
  expect(await rig.until(trainingId, "succeeded")).toMatchObject({ attempt: 1, failure: null, waiting: null });
  await rig.until(other.id, "failed");
  expect(order).toEqual(["urgent", "other"]);
  expect([waitingText, waitingAttempt]).toEqual(["Paused at step 1,250 for 4 pictures; goes on by itself.", 0]);
  expect(attempts).toEqual(["attempt-1", "attempt-2"]);
  expect(rig.path(trainingId)).toEqual(["queued", "claimed", "starting", "running", "interrupted", "queued", "claimed", "starting", "running", "succeeded"]);
  const ends = rig.db.query<{ why: string; at: number }, [string]>("select why, seq as at from job_event where job_id = ? and to_state = 'succeeded'");
  expect(ends.get(trainingId)!.at).toBeLessThan(rig.jobs.store.history(other.id).find((step) => step.to === "claimed")!.seq);
});

test("the wish to pause is stored: after a crash the next server carries it out", async () => {
  trainPausable();
  const working = rig.trainer.work;
  rig.trainer.work = () => new Promise(() => {});
  rig.painter.work = async () => reached;
  rig.start();
  const training = rig.train(rig.character().id);
  await waitFor("it trains", () => rig.trainer.calls === 1);
  const picture = rig.paint();
  rig.jobs.actions.runNow(picture.id);
  rig.jobs.actions.runNow(picture.id);
  rig.trainer.work = working;
  await rig.kill();
  await rig.until(picture.id, "failed");
  expect(await rig.until(training.id, "succeeded")).toMatchObject({ attempt: 1 });
});

test("a training that had nothing to save says so, and one that cannot save goes on while the pictures wait", async () => {
  trainPausable(null);
  const seen: string[] = [];
  rig.bus.subscribe(({ event }) => { if (event.type === "job.changed" && event.job.waiting) seen.push(event.job.waiting.text); });
  rig.painter.work = async () => reached;
  rig.start();
  const training = rig.train(rig.character().id);
  await rig.until(training.id, "running");
  rig.jobs.actions.runNow(rig.paint().id);
  await rig.until(training.id, "succeeded");
  expect(seen).toContain("Paused before its first step for 1 picture; goes on by itself.");

  rig.trainer.work = async (_job, host: TrainingHost) => {
    await untilPaused(host);
    host.warn("It could not save.");
    return succeed(host);
  };
  const second = rig.train(rig.character("Eva").id);
  await rig.until(second.id, "starting");
  const picture = rig.paint();
  rig.jobs.actions.runNow(picture.id);
  expect(await rig.until(second.id, "succeeded")).toMatchObject({ attempt: 1, waiting: null, warnings: ["It could not save."] });
  await rig.until(picture.id, "failed");
});

test("Q8: the person's stop wins over a pause, whenever it comes", async () => {
  trainPausable();
  rig.painter.work = async () => reached;
  rig.start();
  const training = rig.train(rig.character().id);
  await rig.until(training.id, "running");
  rig.jobs.actions.runNow(rig.paint().id);
  rig.jobs.queue.cancel(training.id);
  expect(await rig.until(training.id, "cancelled")).toMatchObject({ waiting: null });
  expect(rig.trainer.calls).toBe(1);
});

test("a lost process while a training gives way is an interruption, not a pause", async () => {
  rig.trainer.work = async (_job, host: TrainingHost) => {
    if (host.attempt > 1) return succeed(host);
    await untilPaused(host);
    return { kind: "interrupted", why: "Its process is gone." };
  };
  rig.painter.work = async () => reached;
  rig.start();
  const training = rig.train(rig.character().id);
  await rig.until(training.id, "starting");
  rig.jobs.actions.runNow(rig.paint().id);
  expect(await rig.until(training.id, "succeeded")).toMatchObject({ attempt: 2 });
});

test("pictures in a line of pictures only go to its front; what cannot be paused or is not waiting is refused with the reason", async () => {
  const code = (work: () => unknown) => {
    try {
      work();
      return "none";
    } catch (error) {
      return error instanceof AppError ? `${error.code}: ${error.message}` : String(error);
    }
  };
  rig.painter.work = async (_job, host) => { await untilStopped(host); return { kind: "stopped" }; };
  rig.start();
  const running = rig.paint("running");
  await rig.until(running.id, "starting");
  const [first, second] = [rig.paint("first"), rig.paint("second")];
  rig.jobs.actions.runNow(second.id);
  expect(rig.jobs.actions.view().waiting.map(({ job }) => job.id)).toEqual([second.id, first.id]);
  expect(code(() => rig.jobs.actions.runNow(running.id))).toBe("conflict: These pictures do not wait for their turn.");
  for (const { id } of [first, second, running]) rig.jobs.queue.cancel(id);
  rig.trainer.canPause = false;
  rig.trainer.work = async (_job, host) => { await untilStopped(host); return { kind: "stopped" }; };
  const training = rig.train(rig.character().id);
  await rig.until(training.id, "starting");
  const picture = rig.paint();
  expect(code(() => rig.jobs.actions.runNow(picture.id))).toBe("not_supported: This training cannot be paused.");
  expect(code(() => rig.jobs.actions.runNow(training.id))).toStartWith("not_found");
  rig.jobs.actions.pause("");
  expect(code(() => rig.jobs.actions.runNow(picture.id))).toBe("conflict: The queue is paused.");
});
