import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../server/testing/folder.ts";
import type { TrainingOutcome } from "../interfaces/training.ts";
import { TestJob } from "../conformance/test-host.ts";
import { trainingJob } from "../conformance/training.ts";
import { trainingCommand } from "./start/command.ts";
import { trainingPresets } from "./presets.ts";
import { simulatorSettings } from "./testing-settings.ts";
import { trainingBackend } from "./training.ts";

const folder = temporaryFolder();
const jobs: TestJob[] = [];
afterEach(async () => {
  for (const job of jobs.splice(0)) await job.dispose();
});
afterAll(() => folder.remove());

const values = {
  ...trainingPresets(3)[0]!.values, steps: 30, saveEvery: 10, sampleEvery: 15, sampleSize: 128, resolutions: [512, 768],
  samplePrompts: ["a photo of {trigger} --w 99999", "{trigger} at the beach"],
};

async function play(scenario: string, attempt = 1, job = new TestJob(folder.path)): Promise<{ outcome: TrainingOutcome; job: TestJob; last: ReturnType<TestJob["host"]> }> {
  jobs.push(job);
  const host = job.host(attempt);
  const outcome = await trainingBackend(simulatorSettings(scenario, 200)).train(await trainingJob(folder.path, values), host);
  return { outcome, job, last: host };
}

function summary(outcome: TrainingOutcome): string {
  return outcome.kind === "failed" ? `failed: ${outcome.failure.code}` : outcome.kind;
}

describe("a training in each scenario", () => {
  const ends: ReadonlyArray<readonly [scenario: string, outcome: string, said: RegExp | null]> = [
    ["ok", "succeeded", null],
    ["slow", "succeeded", null],
    ["grandchild", "succeeded", null],
    ["ignore-term", "succeeded", null],
    ["garbage", "succeeded", null],
    ["nan", "failed: diverged", /lower learning rate/],
    ["out-of-memory", "failed: vram", /Leave out the photo size/],
    ["gated-model", "failed: hf_gated", /accept the licence/],
    ["disk-full", "failed: disk_full", /Free disk space/],
    ["die-at-step", "failed: killed", /then train again/],
    ["a-scenario-of-another-tool", "succeeded", null],
  ];
  for (const [scenario, expected, said] of ends) {
    test(`“${scenario}” is ${expected}${said === null ? "" : " and says what to do"}`, async () => {
      const { outcome, job } = await play(scenario);
      expect(summary(outcome)).toBe(expected);
      const sentences = [...job.warnings, outcome.kind === "failed" ? outcome.failure.fix : "", outcome.kind === "interrupted" ? outcome.why : ""];
      if (said !== null) expect(sentences.join("\n")).toMatch(said);
      expect(job.leftovers()).toBe(0);
    }, 60_000);
  }

  test("F10: a program that ends before it prints anything is a failure in words, at once", async () => {
    const job = new TestJob(folder.path);
    jobs.push(job);
    const settings = { ...simulatorSettings("ok", 200), self: ["/bin/false"] };
    const outcome = await trainingBackend(settings).train(await trainingJob(folder.path, values), job.host(1));
    expect(outcome).toMatchObject({ kind: "failed", failure: { code: "unknown", what: expect.stringMatching(/\w/), why: "AI-Toolkit ended before it printed anything.", fix: expect.stringMatching(/\w/) } });
    expect(job.leftovers()).toBe(0);
  });

  test("a download is shown with its bytes, and without one the stage is skipped", async () => {
    const stage = (result: Awaited<ReturnType<typeof play>>) => result.last.updates.at(-1)!.stages.find((entry) => entry.id === "download")!;
    const slow = stage(await play("slow"));
    expect([slow.state, slow.detail]).toEqual(["done", expect.stringMatching(/^23\.8 GB of 23\.8 GB/)]);
    expect(stage(await play("ok")).state).toBe("skipped");
  }, 60_000);

  test("the person is told what was changed in the prompts and that the photos are few", async () => {
    const { job } = await play("ok");
    expect([...job.warnings].filter((sentence) => sentence.includes("Sample prompt 1 was changed")).length).toBe(1);
    expect([...job.warnings].some((sentence) => sentence.includes("only 3 photos"))).toBe(true);
  }, 60_000);

  test("what the child is started with holds no secret, only the token's file", () => {
    const host = new TestJob(folder.path).host();
    const token = join(folder.path, "token");
    const production = { ...simulatorSettings("ok", 1), mode: "production" as const, hfTokenFile: token, aiToolkit: { dir: "/ai-toolkit", python: "/venv/bin/python" } };
    const start = { jobId: host.jobId, baseModel: "/models/flux", configPath: "/job/config.json", attemptDir: "/job/1" };
    expect(trainingCommand(production, start).env.HF_TOKEN_PATH).toBeUndefined();
    writeFileSync(token, "hf_secret");
    const command = trainingCommand(production, start);
    expect([command.file, ...command.args]).toEqual(["/venv/bin/python", "/ai-toolkit/run.py", "/job/config.json"]);
    expect(command.cwd).toBe("/ai-toolkit");
    expect(command.env).toMatchObject({ HF_TOKEN_PATH: token, AITK_JOB_ID: host.jobId, TQDM_NCOLS: "250", IS_AI_TOOLKIT_UI: "1", CUDA_DEVICE_ORDER: "PCI_BUS_ID" });
    expect(Object.keys(command.env).filter((name) => name === "HF_TOKEN" || name.startsWith("ISENGARD_SIM"))).toEqual([]);
    expect(command.stop.map((rung) => [rung.signal, rung.target, rung.waitMs])).toEqual([["SIGINT", "leader", 60_000], ["SIGTERM", "group", 10_000], ["SIGKILL", "group", 5_000]]);
  });

  test("without AI-Toolkit a training fails before it starts, and says so", async () => {
    const job = new TestJob(folder.path);
    const backend = trainingBackend({ ...simulatorSettings("ok", 1), mode: "production" });
    const outcome = await backend.train(await trainingJob(folder.path, values), job.host());
    expect(summary(outcome)).toBe("failed: install");
    expect(job.children.size).toBe(0);
    const checks = await backend.checks();
    const missing = checks.filter(({ state }) => state === "error");
    expect(missing.map(({ id }) => id)).toEqual(["ai-toolkit", "ai-toolkit-token"]);
    for (const check of missing) expect(check.fix).toMatch(/\.$/);
  });

  test("the job file of a running training is not written again", async () => {
    const { job, last } = await play("ok");
    const path = join(last.attemptDir, "config.json");
    const before = readFileSync(path, "utf8");
    const other = await trainingJob(folder.path, { ...values, learningRate: 5e-5 });
    await trainingBackend(simulatorSettings("ok", 200)).train(other, job.host(1));
    expect(readFileSync(path, "utf8")).toBe(before);
    expect(existsSync(`${path}.part`)).toBe(false);
  }, 60_000);
});
