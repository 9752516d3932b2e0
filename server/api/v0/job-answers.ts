import type { Artifact, Job, JobState } from "../../contract/job.ts";
import type { LogEntry, LogPage } from "../../contract/log.ts";
import { earlierValues } from "./training-request.ts";

const statuses: Readonly<Record<JobState, string>> = {
  queued: "queued",
  snoozed: "queued",
  interrupted: "queued",
  claimed: "running",
  starting: "running",
  running: "running",
  stopping: "running",
  succeeded: "completed",
  failed: "failed",
  cancelled: "cancelled",
};

function earlierStatus(state: JobState): string {
  return statuses[state];
}

const presetNames: Readonly<Record<string, string>> = {
  quick: "Quick Train",
  balanced: "Balanced",
  high: "High Quality",
  custom: "Custom",
};

export function earlierJob(job: Job) {
  return job.kind === "training" ? earlierTraining(job) : earlierGeneration(job);
}

/** `progress` in percent, `elapsed_seconds` up to the end or now. */
function earlierTraining(job: Job) {
  const { progress, request } = job;
  return {
    ...common(job),
    character_id: job.characterId,
    config: earlierValues((request["values"] ?? {}) as Record<string, unknown>),
    current_step: progress?.step ?? 0,
    total_steps: progress?.totalSteps ?? 0,
    output_path: job.results[0] === undefined ? null : `/api/loras/${job.results[0]}/download`,
    base_model: "flux-dev",
    preset_name: presetNames[String(request["preset"] ?? "balanced")] ?? "Custom",
    iteration_speed: speedOf(progress?.speed ?? ""),
    eta_seconds: progress?.etaSeconds ?? null,
    elapsed_seconds: secondsOf(job),
    current_loss: progress?.loss ?? null,
  };
}

function earlierGeneration(job: Job) {
  const { request } = job;
  const [lora] = (request["loras"] ?? []) as Array<{ id: string; strength: number }>;
  const names = {
    prompt: "prompt",
    width: "width",
    height: "height",
    steps: "steps",
    guidance: "guidance_scale",
    seed: "seed",
    aspectRatio: "aspect_ratio",
    model: "model_variant",
  };
  const config = Object.fromEntries(
    Object.entries(names)
      .filter(([name]) => request[name] !== undefined)
      .map(([name, old]) => [old, request[name]]),
  );
  return {
    ...common(job),
    config: lora === undefined ? config : { ...config, lora_id: lora.id, lora_strength: lora.strength },
    output_paths: job.results.map((id) => `/api/outputs/${id}/file`),
  };
}

function common(job: Job) {
  return {
    id: job.id,
    status: earlierStatus(job.state),
    progress: percentOf(job.progress?.fraction ?? null, job.state),
    error_message: job.failure === null ? null : `${job.failure.what} ${job.failure.why}`.trim(),
    created_at: job.createdAt,
    started_at: job.startedAt,
    completed_at: job.finishedAt,
  };
}

function percentOf(fraction: number | null, state: JobState): number {
  return state === "succeeded" ? 100 : Math.round((fraction ?? 0) * 1000) / 10;
}

/** Iterations in a second, out of the tool's own words. */
function speedOf(words: string): number | null {
  const match = /^([\d.]+)\s*(it|iter|s|sec)\w*\/(\w+)/.exec(words);
  const value = Number(match?.[1]);
  if (match === null || !Number.isFinite(value) || value === 0) return null;
  return match[2]!.startsWith("it") ? value : Math.round((1 / value) * 1000) / 1000;
}

function secondsOf({ startedAt, finishedAt }: Job): number | null {
  if (startedAt === null) return null;
  return Math.max(
    0,
    Math.round(((finishedAt === null ? Date.now() : Date.parse(finishedAt)) - Date.parse(startedAt)) / 1000),
  );
}

const artifactTypes: Readonly<Record<Artifact["kind"], string>> = {
  sample: "sample",
  output: "sample",
  checkpoint: "checkpoint",
  lora: "model",
  log: "log",
  config: "config",
};

export function earlierArtifact({ name, kind, sizeBytes, createdAt, step, url }: Artifact) {
  return { name, path: url, type: artifactTypes[kind], size_bytes: sizeBytes, created_at: createdAt, step, url };
}

export function earlierLogPage(jobId: string, { entries, total, hasMore }: LogPage) {
  return {
    job_id: jobId,
    total_lines: total,
    has_more: hasMore,
    entries: entries.map(({ time, level, message, event, fields }) => ({
      timestamp: time,
      level: level.toUpperCase(),
      message,
      event,
      fields,
    })),
  };
}

/** One line of a job's log as the earlier worker wrote it. A damaged line stays as it is. */
export function earlierLogLine(jobId: string, line: string): string {
  try {
    const {
      time,
      level,
      event,
      message,
      correlationId,
      line: _,
      jobId: __,
      ...fields
    } = JSON.parse(line) as LogEntry & Record<string, unknown>;
    return JSON.stringify({
      ts: time,
      level: level.toUpperCase(),
      service: "isengard",
      job_id: jobId,
      msg: message,
      correlation_id: correlationId ?? null,
      event,
      fields,
    });
  } catch {
    return line;
  }
}

interface Summary {
  readonly job: Job;
  readonly runSeconds: number | null;
  readonly artifacts: Readonly<Record<string, number>>;
}

export function earlierSummary({ job, runSeconds, artifacts }: Summary, firstError: string | null) {
  return {
    job_id: job.id,
    job_type: job.kind,
    ...common(job),
    current_step: job.progress?.step ?? 0,
    total_steps: job.progress?.totalSteps ?? 0,
    duration_seconds: runSeconds,
    artifact_counts: artifacts,
    first_error: firstError,
  };
}

interface StreamData {
  readonly jobId: string;
  readonly jobType: string;
  readonly status: JobState;
  readonly progress: number | null;
  readonly message: string;
  readonly currentStep: number;
  readonly totalSteps: number;
  readonly failure: Job["failure"];
  readonly timestamp: string;
}

export function earlierStreamData(data: StreamData) {
  return {
    job_id: data.jobId,
    job_type: data.jobType,
    status: earlierStatus(data.status),
    progress: percentOf(data.progress, data.status),
    message: data.message,
    current_step: data.currentStep,
    total_steps: data.totalSteps,
    preview_url: null,
    error: data.failure?.what ?? null,
    timestamp: data.timestamp,
  };
}
