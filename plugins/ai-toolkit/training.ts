import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { KnownFailure } from "../../server/contract/job.ts";
import type { FailureCode } from "../../server/shared/failure-codes.ts";
import type { TrainingBackend, TrainingHost, TrainingJob, TrainingOutcome } from "../interfaces/training.ts";
import type { ExitOutcome, PluginSettings, ToolHost } from "../plugin.ts";
import { backendName, trainingCapabilities } from "./capabilities.ts";
import { trainingCommand } from "./start/command.ts";
import { buildConfig, UnsafeConfig } from "./start/config.ts";
import { createControlDb } from "./start/control-db.ts";
import { photoName, writeDataset } from "./start/dataset.ts";
import { trainingDisk } from "./start/disk.ts";
import { Divergence } from "./watch/divergence.ts";
import { checkFinal } from "./ends/final-file.ts";
import { memoryAdvice } from "./ends/memory-advice.ts";
import { type Decision, decide } from "./ends/outcome.ts";
import { safeStep, TrainingPause } from "./ends/pause.ts";
import { trainingPresets } from "./presets.ts";
import { ProgressTracker } from "./watch/progress.ts";
import { hasDamagedCheckpoint, prepareResume } from "./start/resume.ts";
import { ruinedEnd } from "./ends/ruined.ts";
import { foundVersion, missingPart, setupChecks } from "./start/setup.ts";
import { Transcript } from "./watch/transcript.ts";
import { remarksIn } from "./watch/warnings.ts";
import { TrainingWatch } from "./watch/watch.ts";

/** Below this many photos a likeness is hard to reach. */
const advisedPhotos = 10;

/** `quietMs`: how long a training may show no sign of life before it is said; tests shorten it. */
export function trainingBackend(settings: PluginSettings, quietMs?: number): TrainingBackend {
  return {
    name: backendName,
    canPause: true,
    capabilities: () => trainingCapabilities(settings.baseModel),
    presets: ({ photoCount }) => trainingPresets(photoCount),
    disk: (plan) => trainingDisk(settings, plan),
    checks: () => setupChecks(settings),
    foundVersion: () => foundVersion(settings),
    train: (job, host) => train(settings, job, host, quietMs),
  };
}

/** Paths of one attempt. The output folder belongs to the job, so that a later attempt resumes in it. */
interface Places {
  readonly datasetDir: string;
  readonly trainingDir: string;
  readonly outputDir: string;
  readonly quarantineDir: string;
  readonly configPath: string;
  readonly controlDb: string;
}

async function train(settings: PluginSettings, job: TrainingJob, host: TrainingHost, quietMs?: number): Promise<TrainingOutcome> {
  const places = placesOf(job, host);
  const tracker = new ProgressTracker(planOf(job), safeStep(places.outputDir, job.name) ?? 0);
  const watched = { controlDb: places.controlDb, outputDir: places.outputDir, jobName: job.name };
  const divergence = new Divergence(job.values.onDivergence, (sentence) => host.warn(sentence));
  const watch = new TrainingWatch(host, watched, tracker, quietMs, divergence);
  const pause = new TrainingPause(host, watched);
  // A job file that was written belongs to a child that may be running: it is adopted, and nothing is prepared again.
  const prepared = host.recall(preparedKey(host)) !== null;
  if (!prepared) {
    const early = await prepare(settings, job, host, places);
    if (early !== null) {
      if (early.kind === "succeeded") tracker.finish();
      await watch.end();
      return early;
    }
  }
  const transcript = new Transcript();
  watch.start();
  pause.start();
  const command = trainingCommand(settings, { jobId: host.jobId, baseModel: job.baseModel, configPath: places.configPath, attemptDir: host.attemptDir });
  const exit = await host.run("train", command, (line) => {
    watch.heard();
    const text = transcript.add(line);
    if (text === null) return;
    tracker.text(text);
    divergence.line(text);
    for (const sentence of remarksIn(text, (file) => photoName(job.photos, file))) host.warn(sentence);
  }, AbortSignal.any([pause.stop, divergence.stop])).finally(() => {
    pause.end();
    return watch.end();
  });
  const steps = stepsOf(job);
  const final = checkFinal(places.outputDir, job.name, steps);
  if (!final.complete && pause.caused(exit, transcript.lines())) return { kind: "paused", step: safeStep(places.outputDir, job.name) };
  if (tracker.skipped > 0) host.warn(skippedText(tracker.skipped, steps, memoryAdvice(job.values)));
  const decision = decide({
    exit: host.signal.aborted ? exit : notStopped(exit), steps, final, stopWanted: host.signal.aborted, lines: transcript.lines(), tail: transcript.tail(),
    values: job.values, diverged: divergence.failure, ruined: final.complete ? ruinedEnd(places.outputDir, steps) : null,
  });
  await conclude(decision, tracker, watch, host);
  return await blame(decision.outcome, places.outputDir, job.name);
}

/** Nobody but a pause that came too late has stopped it: what it left decides. */
function notStopped(exit: ExitOutcome): ExitOutcome {
  return exit.kind === "not-started" ? exit : { ...exit, stopped: false };
}

/** A damaged file that is not a checkpoint of ours belongs to the base model: it is never removed, so a person has to. */
async function blame(outcome: TrainingOutcome, outputDir: string, jobName: string): Promise<TrainingOutcome> {
  if (outcome.kind !== "failed" || outcome.failure.code !== "corrupt_model" || await hasDamagedCheckpoint(outputDir, jobName)) return outcome;
  const fix = "Delete the base model's damaged file (the log names the part that was loaded last) and train again; Hugging Face then sends it anew.";
  return { kind: "failed", failure: { ...outcome.failure, fix, lasting: true } };
}

function skippedText(skipped: number, steps: number, advice: string): string {
  return `${skipped} of ${steps} steps were skipped because the GPU ran out of memory, which lowers the quality. ${advice}.`;
}

async function conclude(decision: Decision, tracker: ProgressTracker, watch: TrainingWatch, host: ToolHost): Promise<void> {
  if (decision.remark !== null) host.warn(decision.remark);
  if (decision.outcome.kind === "succeeded") tracker.finish();
  await watch.look();
}

/** Everything before the child starts. Doing it again is harmless until it is remembered as done. */
async function prepare(settings: PluginSettings, job: TrainingJob, host: TrainingHost, places: Places): Promise<TrainingOutcome | null> {
  if (host.signal.aborted) return { kind: "stopped" };
  if (host.pauseSignal?.aborted === true) return { kind: "paused", step: safeStep(places.outputDir, job.name) };
  try {
    const resume = await prepareResume(places.outputDir, places.quarantineDir, job.name, stepsOf(job));
    for (const name of resume.setAside) host.artifactGone(name);
    for (const sentence of resume.moved) host.warn(sentence);
    if (resume.finished !== null) {
      const { path, step, rank, baseModel } = resume.finished;
      const ruined = ruinedEnd(places.outputDir, stepsOf(job));
      if (ruined !== null) return { kind: "failed", failure: { ...ruined, tail: [] } };
      return { kind: "succeeded", loraFile: path, steps: step, rank, baseModel };
    }
    const missing = missingPart(settings);
    if (missing !== null) return failed("install", "AI-Toolkit is not ready on this machine.", missing,
      "The checks in Settings, and isengard doctor, say what to do.");
    const config = buildConfig(job, places);
    await mkdir(places.outputDir, { recursive: true });
    const dataset = await writeDataset(places.datasetDir, job.photos, job.triggerWord);
    for (const sentence of [...config.changes, ...dataset.warnings]) host.warn(sentence);
    if (dataset.photoCount === 0) return failed("no_photos", "None of the photos could be used.", "AI-Toolkit reads JPEG, PNG and WebP.",
      "Add photos in one of these formats, then train again.");
    if (dataset.photoCount < advisedPhotos) host.warn(
      `This training has ${photos(dataset.photoCount)}. 10 to 20 varied photos give a much better likeness.`,
    );
    createControlDb(places.controlDb, host.jobId);
    await writeWhole(places.configPath, config.json);
  } catch (error) {
    return prepareFailure(error);
  }
  host.artifact({ kind: "config", name: `config-${host.attempt}.json`, path: places.configPath, step: null, promptIndex: null });
  host.remember(preparedKey(host), "1");
  return null;
}

function prepareFailure(error: unknown): TrainingOutcome {
  if (error instanceof UnsafeConfig) {
    return failed("config", "The training's settings cannot be given to AI-Toolkit.", error.message, error.fix);
  }
  if (error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT")) {
    return failed("disk_full", "The disk is full.", "The photos could not be copied for the training.", "Free disk space, then train again.");
  }
  if (error instanceof Error && "code" in error && error.code === "ENOENT") {
    return failed("dataset_missing", "A photo of the training was not found.", error.message,
      "Check that Isengard's data folder is complete and mounted.");
  }
  throw error;
}

function placesOf(job: TrainingJob, host: ToolHost): Places {
  const trainingDir = join(host.jobDir, "output");
  return {
    trainingDir,
    outputDir: join(trainingDir, job.name),
    datasetDir: join(host.jobDir, "dataset"),
    quarantineDir: join(host.jobDir, "quarantine"),
    configPath: join(host.attemptDir, "config.json"),
    controlDb: join(host.attemptDir, "control.db"),
  };
}

function planOf(job: TrainingJob): { jobName: string; totalSteps: number; preparations: number } {
  const sizes = Array.isArray(job.values.resolutions) ? job.values.resolutions.length : 1;
  return { jobName: job.name, totalSteps: stepsOf(job), preparations: Math.max(1, sizes * (job.values.cacheTextEmbeddings === true ? 2 : 1)) };
}

/** 0 where the value is missing; the config then refuses the job with the name of the value. */
function stepsOf(job: TrainingJob): number {
  return typeof job.values.steps === "number" ? job.values.steps : 0;
}

function preparedKey(host: ToolHost): string {
  return `prepared-${host.attempt}`;
}

async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.part`, text);
  await rename(`${path}.part`, path);
}

function photos(count: number): string {
  return count === 1 ? "only 1 photo" : `only ${count} photos`;
}

function failed(code: FailureCode, what: string, why: string, fix: string): TrainingOutcome {
  const failure: KnownFailure = { code, what, why, fix, tail: [] };
  return { kind: "failed", failure };
}
