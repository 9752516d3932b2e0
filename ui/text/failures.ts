import { type FailureCode, failureCodes } from "../../server/shared/failure-codes.ts";

/** What each class of failure is called. */
const causes: Readonly<Record<FailureCode, string>> = {
  vram: "GPU memory ran out",
  host_oom: "The machine's memory ran out",
  gpu_fault: "The GPU failed or was not found",
  disk_full: "The disk was full",
  storage: "The disk could not be read or written",
  short_supply: "The machine could start no further program",
  port: "A port was taken",
  status_locked: "A file was locked for too long",
  network: "The network failed",
  hf_auth: "Hugging Face token missing or wrong",
  hf_gated: "Model licence not accepted",
  hf_missing: "Base model not found",
  interrupted: "Broken off",
  killed: "Killed from outside",
  native_crash: "The tool crashed",
  stopped_outside: "Stopped from outside",
  ended_without_result: "It ended without a result",
  interrupted_too_often: "Broken off too often",
  server_died: "Isengard itself ended",
  install: "A tool is not installed completely",
  config: "The tool refused the settings",
  engine: "ComfyUI was not available",
  service_unavailable: "A tool could not be started",
  incompatible: "ComfyUI lacks a step",
  missing_file: "A file is missing in ComfyUI",
  corrupt_model: "A damaged model file",
  model_mismatch: "Model files do not fit together",
  lora_missing: "A LoRA was missing",
  lora_damaged: "A LoRA file was damaged",
  picture_missing: "A picture was missing",
  bad_picture: "A picture could not be read",
  no_photos: "No usable photos",
  dataset_missing: "Files of a training were missing",
  diverged: "The loss broke down",
  refused: "ComfyUI refused the request",
  invalid: "A setting that does not exist",
  not_possible: "What it needs was changed or deleted",
  unreadable_job: "A job that cannot be read",
  unknown_kind: "A job of an unknown kind",
  internal: "A mistake of Isengard",
  unknown: "Not understood",
};

/** Also of a class that another version wrote down: it is shown as it is. */
export function causeText(code: string): string {
  return Object.hasOwn(failureCodes, code) ? causes[code as FailureCode] : code;
}

/** Failures by cause. */
export const failureText = {
  title: (days: number) => `Failures of the last ${days} days by cause`,
  none: (days: number) => `No job failed in the last ${days} days.`,
  summary: (total: number, unknown: number) => unknown === 0 ? `${total}, all understood` : `${total}, ${unknown} of them not understood`,
  retried: (count: number) => `${count} tried again by itself`,
  notUnderstood: "Not understood; their logs tell more:",
} as const;
