import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../server/testing/folder.ts";
import { waitFor } from "../../server/testing/wait.ts";
import type { TrainingBackend, TrainingJob, TrainingOutcome } from "../interfaces/training.ts";
import { drawPortrait } from "../simulation/portrait.ts";
import { readSafetensors } from "../../server/formats/safetensors.ts";
import { type TestHost, TestJob } from "./test-host.ts";

export interface TrainingSuite {
  /** A backend whose tool plays this scenario; `speed` is a factor on its usual speed. */
  create(scenario: string, speed: number): TrainingBackend;
  /** Values for a training of `steps` steps that saves and samples a few times. */
  values(steps: number): Record<string, unknown>;
  /** A scenario that is sure to fail, and the code that it must fail with. */
  readonly failing: { readonly scenario: string; readonly code: string };
  /** One in which the tool prints nonsense and yet finishes; null when it cannot be played. */
  readonly garbage: string | null;
  /** One in which the tool dies once behind its first checkpoint; null when it cannot be played. */
  readonly dies: string | null;
  /** Ones that do not end when asked politely, or leave processes; tried with a shortened stop ladder. */
  readonly stubborn: readonly string[];
}

const quickly = 200;
const briskly = 4;
const cancelLimitMs = 8_000;
const testLimitMs = 60_000;

interface Bench {
  readonly root: string;
  newJob(options?: { ladder?: number }): TestJob;
}

/** What every training backend promises in `interfaces/training.ts`, tried with real processes. */
export function trainingConformance(name: string, suite: TrainingSuite): void {
  describe(`training backend ${name}`, () => {
    const folder = temporaryFolder();
    const jobs: TestJob[] = [];
    const bench: Bench = {
      root: folder.path,
      newJob: (options) => {
        const job = new TestJob(folder.path, options);
        jobs.push(job);
        return job;
      },
    };
    afterEach(async () => {
      for (const job of jobs.splice(0)) {
        const left = job.leftovers();
        await job.dispose();
        expect(left, "processes left by the test").toBe(0);
      }
    });
    afterAll(() => folder.remove());
    describeDescription(suite);
    describeSuccess(suite, bench);
    describeStopping(suite, bench);
    describeTrouble(suite, bench);
  });
}

function describeDescription(suite: TrainingSuite): void {
  test("every preset has a permitted value for every supported parameter, and nothing else", () => {
    const backend = suite.create("ok", quickly);
    const specs = backend.capabilities().parameters.filter((spec) => spec.supported);
    for (const photoCount of [1, 12, 40]) {
      for (const preset of backend.presets({ photoCount })) {
        expect(Object.keys(preset.values).sort()).toEqual(specs.map((spec) => spec.name).sort());
        for (const spec of specs) {
          const value = preset.values[spec.name];
          if (typeof value === "number") {
            expect(value, spec.name).toBeGreaterThanOrEqual(spec.min ?? -Infinity);
            expect(value, spec.name).toBeLessThanOrEqual(spec.max ?? Infinity);
          }
          const options = spec.options?.map((option) => option.value);
          if (options !== undefined) for (const one of Array.isArray(value) ? value : [value]) expect(options, spec.name).toContain(one);
        }
      }
    }
  });

  test("what is not supported says why", () => {
    const { parameters, methods } = suite.create("ok", quickly).capabilities();
    for (const entry of [...parameters, ...methods]) if (!entry.supported) expect(entry.reason ?? "").toMatch(/\.$/);
  });
}

function describeSuccess(suite: TrainingSuite, bench: Bench): void {
  test("a training ends with a complete LoRA of the steps asked for", async () => {
    const job = bench.newJob();
    const host = job.host();
    const outcome = await suite.create("ok", quickly).train(await trainingJob(bench.root, suite.values(40)), host);
    if (outcome.kind !== "succeeded") throw new Error(JSON.stringify(outcome));
    expect(outcome.steps).toBe(40);
    expect(readSafetensors(outcome.loraFile).kind).toBe("valid");
    expectMonotone(host);
    const last = host.updates.at(-1)!;
    expect([last.step, last.totalSteps, last.fraction]).toEqual([40, 40, 1]);
    expect(last.stages.filter((stage) => stage.state === "active" || stage.state === "waiting")).toEqual([]);
    expect([...job.metrics.keys()].length).toBeGreaterThan(0);
  }, testLimitMs);

  test("samples and checkpoints are told as whole files, by step and prompt", async () => {
    const job = bench.newJob();
    const told: string[] = [];
    const host = job.host();
    const tell = host.artifact.bind(host);
    host.artifact = (found) => {
      if (found.kind === "checkpoint" || found.kind === "lora") expect(readSafetensors(found.path).kind, found.name).toBe("valid");
      expect(statSync(found.path).size).toBeGreaterThan(0);
      told.push(found.kind);
      tell(found);
    };
    await suite.create("ok", quickly).train(await trainingJob(bench.root, suite.values(40)), host);
    const kinds = [...job.artifacts.values()];
    for (const sample of kinds.filter((found) => found.kind === "sample")) {
      const { width, height } = await new Bun.Image(Bun.file(sample.path)).metadata();
      expect(Math.min(width, height)).toBeGreaterThan(0);
      expect([sample.step, sample.promptIndex].every((value) => value !== null)).toBe(true);
    }
    expect(kinds.filter((found) => found.kind === "sample").length).toBeGreaterThanOrEqual(4);
    expect(kinds.filter((found) => found.kind === "checkpoint").length).toBeGreaterThanOrEqual(2);
    expect(kinds.filter((found) => found.kind === "lora").length).toBe(1);
    expect(told.length, "told twice").toBe(job.artifacts.size);
    for (const found of kinds) expect(existsSync(found.path), found.name).toBe(true);
  }, testLimitMs);

  test("called again while it runs, as after a restart of the server, it goes on with the same run", async () => {
    const job = bench.newJob();
    const backend = suite.create("ok", briskly);
    const request = await trainingJob(bench.root, suite.values(120));
    const first = job.host();
    void backend.train(request, first);
    await waitFor("the training is in its steps", () => (first.updates.at(-1)?.step ?? 0) > 5, testLimitMs);
    first.vanish();
    const second = job.host();
    const outcome = await backend.train(request, second);
    expect(outcome.kind).toBe("succeeded");
    expect(job.children.size).toBe(1);
    expectMonotone(second);
    expectNoGaps(job);
  }, testLimitMs);

  test("called again after it ended, it reports the same end without running again", async () => {
    const job = bench.newJob();
    const backend = suite.create("ok", quickly);
    const request = await trainingJob(bench.root, suite.values(20));
    const outcome = await backend.train(request, job.host());
    expect(await backend.train(request, job.host())).toEqual(outcome);
    expect(await backend.train(request, job.host(2))).toEqual(outcome);
    expect(job.children.size).toBe(1);
  }, testLimitMs);
}

function describeStopping(suite: TrainingSuite, bench: Bench): void {
  test("cancelling ends it soon and leaves no process and no final file", async () => {
    const job = bench.newJob();
    const { outcome, tookMs } = await cancelInTheMiddle(suite.create("ok", briskly), job, await trainingJob(bench.root, suite.values(400)));
    expect(outcome).toEqual({ kind: "stopped" });
    expect(tookMs).toBeLessThan(cancelLimitMs);
    expect(job.leftovers()).toBe(0);
    expect([...job.artifacts.values()].some((found) => found.kind === "lora")).toBe(false);
  }, testLimitMs);

  test("a cancel before the start runs nothing", async () => {
    const job = bench.newJob();
    const host = job.host();
    host.cancel();
    expect(await suite.create("ok", quickly).train(await trainingJob(bench.root, suite.values(20)), host)).toEqual({ kind: "stopped" });
    expect(job.children.size).toBe(0);
  });

  for (const scenario of suite.stubborn) {
    test(`cancelling also ends a tool that plays “${scenario}”`, async () => {
      const job = bench.newJob({ ladder: 0.02 });
      const { outcome } = await cancelInTheMiddle(suite.create(scenario, briskly), job, await trainingJob(bench.root, suite.values(60)));
      expect(outcome).toEqual({ kind: "stopped" });
      expect(job.leftovers()).toBe(0);
    }, testLimitMs);
  }
}

function describeTrouble(suite: TrainingSuite, bench: Bench): void {
  test("a failure has a class, three sentences and the last lines", async () => {
    const job = bench.newJob();
    const outcome = await suite.create(suite.failing.scenario, quickly).train(await trainingJob(bench.root, suite.values(40)), job.host());
    if (outcome.kind !== "failed") throw new Error(`It ended as ${outcome.kind}.`);
    expect(outcome.failure.code).toBe(suite.failing.code);
    for (const sentence of [outcome.failure.what, outcome.failure.why, outcome.failure.fix]) expect(sentence).toMatch(/^\S.*\S$/s);
    expect(outcome.failure.tail.length).toBeGreaterThan(0);
    expect([...job.artifacts.values()].some((found) => found.kind === "lora")).toBe(false);
  }, testLimitMs);

  test.skipIf(suite.garbage === null)("nonsense in the output changes nothing", async () => {
    const host = bench.newJob().host();
    const outcome = await suite.create(suite.garbage ?? "", quickly).train(await trainingJob(bench.root, suite.values(40)), host);
    expect(outcome.kind).toBe("succeeded");
    expectMonotone(host);
  }, testLimitMs);

  test.skipIf(suite.dies === null)("after a crash the next attempt resumes from the newest whole checkpoint", async () => {
    const job = bench.newJob();
    const backend = suite.create(suite.dies ?? "", quickly);
    const request = await trainingJob(bench.root, suite.values(40));
    expect(["interrupted", "failed"]).toContain((await backend.train(request, job.host(1))).kind);
    const host = job.host(2);
    // A checkpoint that was cut short is the newest file by far.
    const whole = [...job.artifacts.values()].find((found) => found.kind === "checkpoint")!;
    writeFileSync(whole.path.replace(/_\d{9}/, "_000009999"), new Uint8Array(100));
    expect((await backend.train(request, host)).kind).toBe("succeeded");
    expect(host.updates.some((update) => update.step > 0 && update.step < 10)).toBe(false);
    expect([...job.warnings].some((sentence) => sentence.includes("set aside"))).toBe(true);
    expectNoGaps(job);
  }, testLimitMs);
}

async function cancelInTheMiddle(
  backend: TrainingBackend, job: TestJob, request: TrainingJob,
): Promise<{ outcome: TrainingOutcome; tookMs: number }> {
  const host = job.host();
  const training = backend.train(request, host);
  await waitFor("the training is in its steps", () => (host.updates.at(-1)?.step ?? 0) > 5, testLimitMs);
  const from = performance.now();
  host.cancel();
  return { outcome: await training, tookMs: performance.now() - from };
}

/** A small dataset of drawn portraits. */
export async function trainingJob(root: string, values: Record<string, unknown>): Promise<TrainingJob> {
  const dir = join(root, "photos");
  mkdirSync(dir, { recursive: true });
  const photos = [];
  for (let index = 0; index < 3; index++) {
    const format = index === 1 ? "png" : "jpeg";
    const bytes = await drawPortrait({ width: 240 + index * 80, height: 320, seed: index, prompt: "photo", clarity: 1, identity: "ada", format });
    const path = join(dir, `${index}.${format}`);
    writeFileSync(path, bytes);
    const sha256 = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
    photos.push({ path, sha256, mediaType: `image/${format}`, caption: index === 0 ? "" : "in a park" });
  }
  return { name: "ada_v1", triggerWord: "ohwx ada", baseModel: "black-forest-labs/FLUX.1-dev", photos, values };
}

function expectMonotone(host: TestHost): void {
  for (const [index, update] of host.updates.entries()) {
    const before = host.updates[index - 1];
    expect(update.step).toBeGreaterThanOrEqual(before?.step ?? 0);
    expect(update.fraction ?? 0).toBeGreaterThanOrEqual(before?.fraction ?? 0);
  }
}

/** Every series has a point for each step between its first and its last. */
function expectNoGaps(job: TestJob): void {
  for (const [key, series] of job.metrics) {
    const steps = [...series.keys()].sort((left, right) => left - right);
    expect(steps.at(-1)! - steps[0]! + 1, key).toBe(steps.length);
  }
}
