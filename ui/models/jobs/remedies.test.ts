import { describe, expect, test } from "bun:test";
import type { Artifact, Failure, JobProgress } from "../../../server/contract/job.ts";
import { testJob } from "../../testing/app.ts";
import { testTraining } from "../../testing/engines.ts";
import { gentlerSettings } from "./gentler.ts";
import { remediesOf } from "./remedies.ts";
import { safePointOf } from "./resume.ts";

const failure = (code: string, fix = ""): Failure => ({ code, what: "", why: "", fix, tail: [] });
const first = (code: string, fix = "") => remediesOf(testJob(), failure(code, fix))[0];

describe("the first button of a failure", () => {
  test.each([
    ["hf_auth", "/settings?at=token"],
    ["vram", "/training/new?character=chr-1&repeat=job-1&change=smaller"],
    ["diverged", "/training/new?character=chr-1&repeat=job-1&change=calmer"],
    ["no_photos", "/characters/chr-1"],
    ["install", "/settings?at=checks"],
    ["hf_gated", "https://huggingface.co/black-forest-labs/FLUX.1-dev"],
  ])("%s leads to %s", (code, href) => expect(first(code)).toMatchObject({ kind: "link", href }));

  test.each(["network", "interrupted", "killed", "host_oom", "native_crash", "status_locked", "disk_full"])("%s is retried", (code) => {
    expect(first(code)).toEqual({ kind: "retry" });
  });

  test("the licence page is the one that the failure names, and never another site's", () => {
    expect(first("hf_gated", "Accept it at huggingface.co/black-forest-labs/FLUX.2-dev, then try.")).toMatchObject({ href: "https://huggingface.co/black-forest-labs/FLUX.2-dev" });
    expect(first("hf_gated", "Open huggingface.co/settings/tokens.")).toMatchObject({ href: "https://huggingface.co/black-forest-labs/FLUX.1-dev" });
    expect(first("hf_gated", "See evil.example/a/b")).toMatchObject({ href: "https://huggingface.co/black-forest-labs/FLUX.1-dev" });
  });

  test("an unknown failure can be retried, its log taken along and its words copied", () => {
    expect(remediesOf(testJob(), failure("never-heard-of")).map(({ kind }) => kind)).toEqual(["retry", "download", "copy"]);
  });

  test("pictures that need too much memory are not sent to a training form", () => {
    expect(remediesOf(testJob({ kind: "generation" }), failure("vram"))[0]).toEqual({ kind: "retry" });
  });
});

describe("gentler settings", () => {
  const specs = [...testTraining.parameters, ...["resolutions", "layerOffloading", "learningRate"].map((name) => ({ ...testTraining.parameters[0]!, name }))];
  const values = (given: Record<string, unknown>) => (name: string) => given[name];

  test("leave the largest photo size out", () => {
    const gentler = gentlerSettings("smaller", specs, values({ resolutions: [1024, 512, 768] }));
    expect(gentler?.values).toEqual({ resolutions: [512, 768] });
    expect(gentler?.note).toContain("up to 768 px");
  });

  test("switch on layer offloading when there is only one size", () => {
    expect(gentlerSettings("smaller", specs, values({ resolutions: [512], layerOffloading: false }))?.values).toEqual({ layerOffloading: true });
    expect(gentlerSettings("smaller", specs, values({ resolutions: [512], layerOffloading: true }))).toBeNull();
  });

  test("halve the learning rate", () => expect(gentlerSettings("calmer", specs, values({ learningRate: 2e-4 }))?.values).toEqual({ learningRate: 1e-4 }));
  test("change nothing where nothing is asked for or offered", () => {
    expect(gentlerSettings(null, specs, values({ resolutions: [512, 768] }))).toBeNull();
    expect(gentlerSettings("smaller", [], values({ resolutions: [512, 768] }))).toBeNull();
  });
});

describe("what is safe of a run", () => {
  const progress = (change: Partial<JobProgress> = {}): JobProgress => ({
    stages: [], step: 1300, totalSteps: 2000, fraction: null, etaSeconds: null, speed: "", loss: null, learningRate: null, message: "", updatedAt: "", ...change,
  });
  const saved = (step: number, kind: Artifact["kind"] = "checkpoint") => ({ id: `${step}`, jobId: "job-1", kind, name: "", step, promptIndex: null, simulated: false, sizeBytes: 1, createdAt: "", url: "" });

  test("is the newest checkpoint, not a test picture", () => {
    expect(safePointOf(testJob({ progress: progress() }), [saved(250), saved(1250), saved(1300, "sample")])).toMatchObject({ step: 1250, total: 2000 });
  });

  test.each([["1.25 iter/sec", 600], ["0.8 sec/iter", 600], ["2.5 s/it", 1875], ["2 it/s", 375]])("the rest follows from the speed %s", (speed, seconds) => {
    expect(safePointOf(testJob({ progress: progress({ speed }) }), [saved(1250)])!.secondsLeft).toBeCloseTo(seconds, 5);
  });

  test("without a speed the whole run tells the pace, and without both nobody knows", () => {
    const times = { startedAt: "2026-11-21T10:00:00.000Z", finishedAt: "2026-11-21T10:21:40.000Z" };
    expect(safePointOf(testJob({ ...times, progress: progress() }), [saved(1250)])!.secondsLeft).toBe(750);
    expect(safePointOf(testJob({ progress: progress() }), [saved(1250)])!.secondsLeft).toBeNull();
  });

  test("nothing without a checkpoint or when it is the last step", () => {
    expect(safePointOf(testJob({ progress: progress() }), [])).toBeNull();
    expect(safePointOf(testJob({ progress: progress() }), [saved(2000)])).toBeNull();
  });
});
