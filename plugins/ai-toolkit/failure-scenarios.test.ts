import { afterAll, afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { ParameterValues } from "../../server/contract/backend.ts";
import type { Failure } from "../../server/contract/job.ts";
import { temporaryFolder } from "../../server/testing/folder.ts";
import { TestJob } from "../conformance/test-host.ts";
import { trainingJob } from "../conformance/training.ts";
import type { TrainingOutcome } from "../interfaces/training.ts";
import { Divergence } from "./watch/divergence.ts";
import { retryAfter } from "./ends/failures.ts";
import { measuredMemory, memoryAdvice } from "./ends/memory-advice.ts";
import { trainingPresets } from "./presets.ts";
import { simulatorSettings } from "./testing-settings.ts";
import { trainingBackend } from "./training.ts";

setDefaultTimeout(60_000);

const folder = temporaryFolder();
const jobs: TestJob[] = [];
afterEach(async () => {
  for (const job of jobs.splice(0)) await job.dispose();
});
afterAll(() => folder.remove());

const values = {
  ...trainingPresets(3)[0]!.values, steps: 30, saveEvery: 10, sampleEvery: 15, sampleSize: 128, resolutions: [512, 768], firstSamples: false,
  samplePrompts: ["{trigger} at the beach"],
};

async function play(scenario: string, own: ParameterValues = {}, job = new TestJob(folder.path), attempt = 1): Promise<{ outcome: TrainingOutcome; job: TestJob }> {
  jobs.push(job);
  const outcome = await trainingBackend(simulatorSettings(scenario, 200)).train(await trainingJob(folder.path, { ...values, ...own }), job.host(attempt));
  return { outcome, job };
}

function failureOf(outcome: TrainingOutcome): Failure {
  if (outcome.kind !== "failed") throw new Error(`It ended as ${outcome.kind}.`);
  return outcome.failure;
}

const said = (job: TestJob) => [...job.warnings].join("\n");

describe("a failed training is said in the class of its cause", () => {
  test("F18: killed with -9 it is killed, and the next attempt goes on from the checkpoint to the end", async () => {
    const { outcome, job } = await play("die-at-step");
    expect(failureOf(outcome).code).toBe("killed");
    expect((await play("die-at-step", {}, job, 2)).outcome.kind).toBe("succeeded");
  });

  test("F20: a segfault is a crash of native code, and the next attempt goes on from the checkpoint to the end", async () => {
    const { outcome, job } = await play("native-crash");
    expect(failureOf(outcome)).toMatchObject({ code: "native_crash", why: expect.stringMatching(/SIGSEGV|SIGTRAP|SIGILL|SIGABRT/) });
    expect((await play("native-crash", {}, job, 2)).outcome.kind).toBe("succeeded");
  });

  test("F21: three batches that do not fit are counted on the page, then it fails for GPU memory with the setting to change", async () => {
    const { outcome, job } = await play("out-of-memory");
    expect(failureOf(outcome)).toMatchObject({ code: "vram", fix: expect.stringContaining("Leave out the photo size 768; then train again.") });
    expect(said(job)).toContain("3 of 30 steps were skipped because the GPU ran out of memory");
  });

  test("F21: two skipped steps do not end a training, and how many there were is said with what to change", async () => {
    const { outcome, job } = await play("skipped-steps", { lowVram: true });
    expect(outcome.kind).toBe("succeeded");
    expect(said(job)).toContain("2 of 30 steps were skipped because the GPU ran out of memory, which lowers the quality. Leave out the photo size 768.");
  });

  test("F22: a loss that breaks down is said while the training runs, which goes on unless the person chose otherwise", async () => {
    const { outcome, job } = await play("nan");
    expect(failureOf(outcome)).toMatchObject({ code: "diverged", why: expect.stringMatching(/last \d+ of 30 steps/) });
    expect(failureOf((await play("ok", {}, job, 2)).outcome).code).toBe("diverged");
    expect(said(job)).toMatch(/zero or not a number for 20 steps in a row.*half the learning rate/);
  });

  test("F22: with “stop the training” it is stopped and called diverged", async () => {
    const { outcome, job } = await play("nan", { onDivergence: "stop", steps: 400, saveEvery: 100, sampleEvery: 400 });
    expect(failureOf(outcome)).toMatchObject({ code: "diverged", fix: expect.stringContaining("half the learning rate"), tail: expect.arrayContaining([expect.stringMatching(/loss is nan$/)]) });
    expect(job.leftovers()).toBe(0);
  });

  test("F23: an exit code of 0 without the final file is an end without a result", async () => {
    const { outcome } = await play("no-result");
    expect(failureOf(outcome)).toMatchObject({ code: "ended_without_result", fix: expect.stringContaining("Train again") });
  });

  test("F27: an optimizer that cannot be saved is said, and a training that goes on says that its state is lost", async () => {
    const first = await play("optimizer-unsaved");
    expect(first.outcome.kind).toBe("succeeded");
    expect(said(first.job)).toContain("The optimizer's state could not be saved.");
    const { outcome, job } = await play("die-at-step");
    expect(outcome.kind).toBe("failed");
    rmSync(join(job.dir, "output", "ada_v1", "optimizer.pt"), { force: true });
    expect((await play("die-at-step", {}, job, 2)).outcome.kind).toBe("succeeded");
    expect(said(job)).toMatch(/goes on from step 1\d without the optimizer's state.*optimizer lost/);
  });

  test.each([
    ["hub-401", "hf_auth"], ["hub-403", "hf_gated"], ["gated-model", "hf_gated"], ["hub-404", "hf_missing"], ["hub-429", "network"],
    ["hub-503", "network"], ["hub-reset", "network"], ["hub-half", "network"], ["hub-offline", "network"], ["gpu-fault", "gpu_fault"],
  ])("F28: %s is %s", async (scenario, code) => {
    const failure = failureOf((await play(scenario)).outcome);
    expect(failure.code).toBe(code);
    expect(failure.retryAfterSeconds).toBe(scenario === "hub-429" ? 7 : undefined);
  });
});

test("F21: what PyTorch measured stands in the failure, and the advice fits the settings of the job", () => {
  const text = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 23.99 GiB of which 1.20 GiB is free. Including non-PyTorch memory, this process has 22.50 GiB memory in use.";
  expect(measuredMemory(text)).toBe("It wanted 2.00 GiB more; 22.50 GiB were in use by the training, 1.20 GiB of 23.99 GiB were free.");
  expect(measuredMemory("CUDA error: out of memory")).toBe("");
  const asked = { quantize: true, gradientCheckpointing: true, batchSize: 1, lowVram: true, resolutions: [512], sampleSize: 1024 };
  expect(memoryAdvice({ ...asked, batchSize: 4 })).toBe("Train one photo per step instead of 4");
  expect(memoryAdvice({ ...asked, resolutions: [512, 1024] })).toBe("Leave out the photo size 1024");
  expect(memoryAdvice(asked)).toBe("Make the sample pictures 768 px large instead of 1024");
  expect(memoryAdvice({ ...asked, sampleSize: 512 })).toBe("Turn on layer offloading, which is slower");
  expect(memoryAdvice({ ...asked, sampleSize: 512, layerOffloading: true })).toBe("Use a GPU with more memory");
});

test("F22: a flat zero in the loss log is noticed without a word of the program, a single zero or a recovered one is not", () => {
  const heard: string[] = [];
  const one = new Divergence("stop", (sentence) => void heard.push(sentence));
  const points = (from: number, count: number, value: number) => Array.from({ length: count }, (_, index) => [from + index, value] as const);
  one.points([...points(1, 5, 0.4), ...points(6, 19, 0), ...points(25, 3, 0.4), ...points(28, 1, 0)]);
  expect([heard, one.stop.aborted, one.failure]).toEqual([[], false, null]);
  one.points(points(29, 10, NaN));
  one.points(points(39, 12, 0));
  expect(heard).toEqual([expect.stringContaining("for 20 steps in a row since step 28")]);
  expect(one.failure).toMatchObject({ code: "diverged", why: expect.stringContaining("since step 28") });
});

test("F28: a time to wait is read as seconds, as the hub words it, and as a date", () => {
  const now = Date.parse("2026-10-21T07:26:00Z");
  expect([retryAfter("Retry-After: 120", now), retryAfter("Retry after 55 seconds (0/2500 left)", now), retryAfter("retry-after: Wed, 21 Oct 2026 07:28:00 GMT", now), retryAfter("later", now)])
    .toEqual([120, 55, 120, null]);
});

test("a job without a photo size fails as it does in the real program, in words that name the setting; one named twice counts twice", async () => {
  const failure = failureOf((await play("ok", { resolutions: [] })).outcome);
  expect(failure).toMatchObject({ code: "no_photos", fix: "Choose at least one photo size, then train again." });
  const job = new TestJob(folder.path);
  jobs.push(job);
  const host = job.host(1);
  await trainingBackend(simulatorSettings("ok", 200)).train(await trainingJob(folder.path, { ...values, resolutions: [512, 512] }), host);
  expect(host.lines.filter((line) => line.includes("Caching latents for"))).toHaveLength(2);
});

test("a damaged base model waits for a person, for its files are not ours to remove", async () => {
  const failure = failureOf((await play("corrupt-model")).outcome);
  expect(failure).toMatchObject({ code: "corrupt_model", lasting: true, fix: expect.stringContaining("Delete the base model's damaged file") });
});
