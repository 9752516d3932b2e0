import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { waitFor } from "../../testing/wait.ts";
import { untilStopped } from "../testing/fake-backends.ts";
import { openRig, type Rig, succeed } from "../testing/rig.ts";

setDefaultTimeout(30_000);

let rig: Rig;
beforeEach(() => void (rig = openRig()));
afterEach(() => rig.close());

const use = (mode: "fast-test" | "production") => rig.backends.choose([{ training: rig.trainer, image: rig.painter }], mode);
const held = (id: string) => waitFor(`${id} is held back`, () => rig.jobs.store.get(id)!.waiting?.code === "other_mode");

test("a job waits for the mode that it was asked for in, lets others pass, and never runs in the other", async () => {
  const failure = { code: "unknown", what: "It ran.", why: "", fix: "", tail: [] };
  rig.painter.work = async () => ({ kind: "failed", failure });
  use("fast-test");
  const simulated = rig.paint("asked for in fast-test");
  expect(simulated.simulated).toBe(true);
  use("production");
  rig.start();
  await held(simulated.id);
  const real = rig.paint("asked for in production");
  expect(real.simulated).toBe(false);
  await rig.until(real.id, "failed");
  expect(rig.state(simulated.id)).toBe("queued");
  expect(rig.jobs.actions.view().waiting.find(({ job }) => job.id === simulated.id)!.startsInSeconds).toBeNull();
  expect(() => rig.jobs.actions.runNow(simulated.id)).toThrow("belongs to fast-test mode");
  use("fast-test");
  rig.jobs.dispatcher.wake();
  await rig.until(simulated.id, "failed");
  expect(rig.painter.calls).toBe(2);
});

test("a job that ran when the server ended waits when the next one comes in another mode, and its attempt is not counted", async () => {
  use("fast-test");
  const ada = rig.character();
  rig.trainer.work = async (_job, host) => {
    host.progress({ stages: [], step: 1, totalSteps: 2, fraction: null, speed: "", loss: null, learningRate: null, message: "" });
    await untilStopped(host);
    return { kind: "stopped" };
  };
  rig.start();
  const { id } = rig.train(ada.id);
  await rig.until(id, "running");
  use("production");
  await rig.kill();
  await held(id);
  expect(rig.jobs.store.get(id)).toMatchObject({ state: "queued", attempt: 0, simulated: true });
  expect(rig.trainer.calls).toBe(1);
  expect(rig.jobs.queue.cancel(id).state).toBe("cancelled");
  expect(() => rig.jobs.actions.retry(id)).toThrow("belongs to fast-test mode");
});

test("what comes out bears the mark, and how long it took tells nothing about the other mode", async () => {
  use("fast-test");
  const ada = rig.character();
  rig.trainer.work = async (_job, host) => succeed(host);
  rig.start();
  const { id } = rig.train(ada.id);
  const done = await rig.until(id, "succeeded");
  expect(rig.loras.get(done.results[0]!)).toMatchObject({ simulated: true });
  use("production");
  expect(() => rig.jobs.queue.submitGeneration({ prompt: "a", loras: [{ id: done.results[0]!, strength: 1 }] }, { correlationId: "c", idempotencyKey: null }))
    .toThrow("cannot be used in production");
  use("fast-test");
  // Behind the first of two waiting ones stands how long one usually takes, where that is known.
  const secondStarts = () => rig.jobs.actions.view().waiting[1]!.startsInSeconds;
  await rig.jobs.dispatcher.stop();
  for (const prompt of ["one", "two"]) rig.train(rig.character(prompt).id);
  expect(secondStarts()).toBeNumber();
  for (const { job } of rig.jobs.actions.view().waiting) rig.jobs.queue.cancel(job.id);
  use("production");
  for (const prompt of ["three", "four"]) rig.train(rig.character(prompt).id);
  expect(secondStarts()).toBeNull();
});
