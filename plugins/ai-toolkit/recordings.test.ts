import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ExitOutcome } from "../plugin.ts";
import { checkFinal, checkLora } from "./ends/final-file.ts";
import { decide, type Decision } from "./ends/outcome.ts";
import type { StageId } from "./watch/stages.ts";
import { ProgressTracker } from "./watch/progress.ts";
import { type Replayed, replay } from "./testing-replay.ts";
import { Transcript } from "./watch/transcript.ts";

const fixtures = join(import.meta.dir, "fixtures");

/** How each recorded program ended, whether it left its final file, and what must be made of it. */
const table: ReadonlyArray<{ file: string; exit: number | string; final: boolean; stopWanted?: boolean; job: string; steps: number; outcome: string; furthest: StageId; remarks?: RegExp }> = [
  { file: "flux-ok.log", exit: 0, final: true, job: "tiny_flux", steps: 12, outcome: "succeeded", furthest: "final" },
  { file: "flux-ok-80-columns.log", exit: 0, final: true, job: longName(), steps: 3, outcome: "succeeded", furthest: "final" },
  { file: "flux-ok-250-columns.log", exit: 0, final: true, job: longName(), steps: 3, outcome: "succeeded", furthest: "final" },
  { file: "sd15-ok.log", exit: 0, final: true, job: "tiny_sd15", steps: 12, outcome: "succeeded", furthest: "final" },
  { file: "resume.log", exit: 0, final: true, job: "sigtest", steps: 20, outcome: "succeeded", furthest: "final" },
  { file: "resume-from-checkpoint.log", exit: 0, final: true, job: "ada_v1", steps: 24, outcome: "succeeded", furthest: "final" },
  { file: "loss-nan.log", exit: 0, final: true, job: "sigtest", steps: 8, outcome: "succeeded", furthest: "final", remarks: /not a number/ },
  { file: "corrupt-image.log", exit: 0, final: true, job: "sigtest", steps: 4, outcome: "succeeded", furthest: "final", remarks: /left out.*trunc\.jpg/ },
  { file: "stop-sigint.log", exit: 0, final: false, stopWanted: true, job: "sigtest", steps: 400, outcome: "stopped", furthest: "train" },
  { file: "stop-ctrl-c.log", exit: 0, final: false, stopWanted: true, job: "sigtest", steps: 400, outcome: "stopped", furthest: "train" },
  { file: "stop-ctrl-c.log", exit: 0, final: false, job: "sigtest", steps: 400, outcome: "interrupted", furthest: "train" },
  { file: "database-sigint.log", exit: 0, final: false, stopWanted: true, job: "sigtest", steps: 200, outcome: "stopped", furthest: "train" },
  { file: "stop-by-database.log", exit: 1, final: false, stopWanted: true, job: "sigtest", steps: 200, outcome: "stopped", furthest: "train" },
  { file: "stop-by-database.log", exit: 1, final: false, job: "sigtest", steps: 200, outcome: "interrupted", furthest: "train" },
  { file: "return-to-queue.log", exit: 1, final: false, job: "sigtest", steps: 200, outcome: "interrupted", furthest: "train" },
  { file: "stop-sigterm.log", exit: "SIGTERM", final: false, stopWanted: true, job: "sigtest", steps: 400, outcome: "stopped", furthest: "train" },
  { file: "stop-sigterm.log", exit: "SIGTERM", final: false, job: "sigtest", steps: 400, outcome: "interrupted", furthest: "train" },
  { file: "stop-sighup.log", exit: "SIGHUP", final: false, job: "sigtest", steps: 400, outcome: "interrupted", furthest: "train" },
  { file: "disk-full.log", exit: 1, final: false, job: longName(), steps: 3, outcome: "failed: disk_full", furthest: "save" },
  { file: "corrupt-checkpoint.log", exit: 1, final: false, job: "sigtest", steps: 20, outcome: "failed: corrupt_model", furthest: "model" },
  { file: "no-images.log", exit: 1, final: false, job: "sigtest", steps: 20, outcome: "failed: no_photos", furthest: "dataset" },
  { file: "missing-folder.log", exit: 1, final: false, job: "sigtest", steps: 20, outcome: "failed: dataset_missing", furthest: "model" },
  { file: "model-not-found.log", exit: 1, final: false, job: "sigtest", steps: 20, outcome: "failed: hf_missing", furthest: "start" },
  { file: "missing-package.log", exit: 1, final: false, job: "sigtest", steps: 20, outcome: "failed: install", furthest: "model" },
  { file: "unknown-process-type.log", exit: 1, final: false, job: "sigtest", steps: 20, outcome: "failed: config", furthest: "start" },
];

describe("the recordings of the real program", () => {
  for (const row of table) {
    const end = row.stopWanted === true ? "after our stop" : "by itself";
    test(`${row.file}, ended ${end} with ${row.exit}, is ${row.outcome}`, () => {
      const found = read(row.file, row.job, row.steps);
      const decision = decide({
        exit: exitOf(row.exit, row.stopWanted ?? false), stopWanted: row.stopWanted ?? false, steps: row.steps, lines: found.lines, tail: found.tail,
        final: row.final ? { complete: true, file: { path: "/x", step: row.steps, rank: 4, baseModel: "flux.1" } } : { complete: false, why: "It cannot be opened." },
      });
      expect(summary(decision)).toBe(row.outcome);
      expect(found.seen.at(-1)).toBe(row.furthest);
      if (row.remarks !== undefined) expect(found.remarks.join("\n")).toMatch(row.remarks);
      else expect(found.remarks).toEqual([]);
    });
  }

  test("all of them are in the table", () => {
    const recorded = readdirSync(fixtures).filter((name) => name.endsWith(".log"));
    expect(recorded.filter((name) => !table.some((row) => row.file === name))).toEqual([]);
  });

  test("the first attempts to download fail for their own reasons, also in the words of other versions", () => {
    const said: ReadonlyArray<readonly [string, string]> = [
      ["torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.", "failed: vram"],
      ["RuntimeError: CUDA error: device-side assert triggered", "failed: gpu_fault"],
      ["huggingface_hub.errors.GatedRepoError: 403 Client Error. Access to model x is restricted and you are not in the authorized list.", "failed: hf_gated"],
      ["OSError: x/y is not a local folder and is not a valid model identifier listed on 'https://huggingface.co/models'", "failed: hf_auth"],
      ["403 Forbidden: Make sure your token has the correct permissions.", "failed: hf_auth"],
      ["requests.exceptions.HTTPError: 404 Client Error: Not Found for url", "failed: hf_missing"],
      ["Error running job: Error no file named config.json found in directory /models/flux/transformer.", "failed: hf_missing"],
      ["Error running job: We couldn't connect to 'https://huggingface.co' to load this model, couldn't find it in the cached files", "failed: network"],
      ["LocalEntryNotFoundError: An error happened while trying to locate the file on the Hub", "failed: network"],
      ["sqlite3.OperationalError: database or disk is full", "failed: disk_full"],
      ["sqlite3.OperationalError: database is locked", "failed: status_locked"],
      ["ValueError: Environment variable NOPE not set. Please ensure it's defined before proceeding.", "failed: config"],
      ["ZeroDivisionError: division by zero", "failed: unknown"],
    ];
    for (const [line, outcome] of said) expect(summary(failedWith([line])), line).toBe(outcome);
  });

  test("a time that Hugging Face names before another try is told to the queue", () => {
    const { outcome } = failedWith(["429 Client Error: Too Many Requests for url", "Retry-After: 120"]);
    expect(outcome).toMatchObject({ kind: "failed", failure: { code: "network", retryAfterSeconds: 120 } });
  });

  test("a killed, a crashed and a broken-off program are three classes", () => {
    const ended = (signal: string) => summary(decide({
      exit: { kind: "signalled", signal, stopped: false }, stopWanted: false, steps: 5, lines: [], tail: [], final: { complete: false, why: "No." },
    }));
    expect(["SIGKILL", "SIGSEGV", "SIGTERM"].map(ended)).toEqual(["failed: killed", "failed: native_crash", "interrupted"]);
  });

  test("a prompt that reads like an error is not taken for one", () => {
    const transcript = new Transcript();
    const echo = ["{", '    "prompts": ["Error running job: No space left on device"]', "}", "Error running job: No module named 'x'"];
    echo.forEach((text, offset) => transcript.add({ text, redraw: false, offset }));
    expect(transcript.lines()).toEqual(["Error running job: No module named 'x'"]);
  });

  test("flux-ok passes the stages in order with the loss and step of its bars", () => {
    const { seen, last } = read("flux-ok.log", "tiny_flux", 12);
    expect(seen).toEqual(["start", "model", "dataset", "latents", "baseline", "train", "save", "final"]);
    expect([last.step, last.loss, last.learningRate]).toEqual([12, 3.803, 1e-4]);
    const skipped = last.stages.filter((stage) => stage.state === "skipped").map((stage) => stage.id);
    expect(skipped).toEqual(["download"]);
  });

  test("a resumed training starts at the step of its checkpoint and skips the first samples", () => {
    const { seen, last } = read("resume-from-checkpoint.log", "ada_v1", 24);
    expect(seen).toEqual(["start", "model", "dataset", "latents", "train", "save", "final"]);
    expect(last.stages.filter((stage) => stage.state === "skipped").map((stage) => stage.id)).toEqual(["download", "baseline"]);
    const tracker = new ProgressTracker({ jobName: "ada_v1", totalSteps: 24, preparations: 1 });
    tracker.text("Found step 20 in metadata, starting from there");
    expect(tracker.snapshot().step).toBe(20);
  });

  test("the recorded final file is recognised with its step and rank, and not for other steps", () => {
    const dir = join(fixtures, "output-folder");
    expect(checkFinal(dir, "tiny_flux", 12)).toEqual({ complete: true, file: { path: join(dir, "tiny_flux.safetensors"), step: 12, rank: 4, baseModel: "flux.1" } });
    expect(checkFinal(dir, "tiny_flux", 13).complete).toBe(false);
    const checkpoint = checkLora(join(dir, "tiny_flux_000000005.safetensors"));
    expect(checkpoint.complete && checkpoint.file.step).toBe(5);
  });
});

function failedWith(lines: string[]): Decision {
  return decide({ exit: exitOf(1, false), stopWanted: false, steps: 5, lines, tail: lines, final: { complete: false, why: "No." } });
}

function read(file: string, jobName: string, totalSteps: number): Replayed {
  return replay(readFileSync(join(fixtures, file)), jobName, totalSteps);
}

function exitOf(exit: number | string, stopped: boolean): ExitOutcome {
  return typeof exit === "number" ? { kind: "exited", code: exit, stopped } : { kind: "signalled", signal: exit, stopped };
}

function summary({ outcome }: Decision): string {
  return outcome.kind === "failed" ? `failed: ${outcome.failure.code}` : outcome.kind;
}

function longName(): string {
  return "my_really_long_identity_lora_name_for_jane_doe_v2";
}
