import type { ImageCapabilities, ParameterSpec, TrainingCapabilities } from "../../contract/backend.ts";
import type { Info, ServiceStatus, Settings, SystemStatus } from "../../contract/system.ts";
import { earlierValueName } from "./training-request.ts";

export function earlierInfo({ name, version, mode, training, image }: Info) {
  return {
    name,
    version,
    mode,
    training: training === null ? null : earlierTrainingCapabilities(training),
    image_generation: image === null ? null : earlierImageCapabilities(image),
  };
}

function earlierTrainingCapabilities({ backend, parameters }: TrainingCapabilities) {
  return {
    method: "lora",
    backend,
    parameters: Object.fromEntries(parameters.map((spec) => [earlierValueName(spec.name), earlierParameter(spec)])),
  };
}

function earlierImageCapabilities({ backend, models, features, parameters, strength }: ImageCapabilities) {
  const sizes = { type: "int", min: 256, max: 2048, step: 16, default: 1024, wired: true };
  const toggles = features.map(({ id, supported, reason, label }) => [
    `use_${id.replaceAll("-", "_")}`,
    { supported, ...(reason === undefined ? {} : { reason }), description: label },
  ]);
  const names: Readonly<Record<string, string>> = { guidance: "guidance_scale", negativePrompt: "negative_prompt" };
  return {
    backend,
    model_variants: models.map((model) => model.id),
    toggles: Object.fromEntries(toggles),
    parameters: {
      width: sizes,
      height: sizes,
      ...Object.fromEntries(
        parameters.map((spec) => [names[spec.name] ?? earlierValueName(spec.name), earlierParameter(spec)]),
      ),
      lora_strength: { type: "float", ...strength, wired: true },
    },
  };
}

const types: Readonly<Record<ParameterSpec["type"], string>> = {
  int: "int",
  float: "float",
  enum: "enum",
  bool: "bool",
  string: "string",
  stringList: "string_list",
  intList: "enum",
};

/** A choice of sizes was a single size; the largest stands for it. */
function earlierParameter(spec: ParameterSpec) {
  const standard =
    spec.type === "intList" && Array.isArray(spec.default) ? Math.max(...(spec.default as number[])) : spec.default;
  const { min, max, step, options, reason } = spec;
  const given = Object.entries({ min, max, step, options: options?.map((option) => option.value), reason }).filter(
    ([, value]) => value !== undefined,
  );
  return {
    type: types[spec.type],
    ...Object.fromEntries(given),
    default: standard,
    wired: spec.supported,
    description: spec.help,
  };
}

interface Readiness {
  readonly status: "ready" | "degraded";
  readonly mode: string | null;
  readonly services: readonly ServiceStatus[];
}

export function earlierReadiness({ status, mode, services }: Readiness, machine: SystemStatus | null) {
  const comfyui = services.find((service) => service.name === "comfyui");
  const toolkit = machine?.checks.find((check) => check.id.includes("ai-toolkit"));
  const disk = machine?.checks.find((check) => check.id === "disk");
  return {
    status,
    mode,
    dependencies: {
      storage: { status: disk?.state ?? "unknown", details: disk?.detail ?? "" },
      comfyui: {
        status: comfyui?.state ?? "not-configured",
        internal_service: comfyui !== undefined && comfyui.state !== "attached",
        details: comfyui?.detail ?? "",
      },
      aitoolkit: { status: toolkit?.state ?? "unknown", path: null, vendored: false },
    },
  };
}

/** The rule of the earlier dashboard: an error anywhere is an error, a tool that does not run a warning. */
export function earlierSystemStatus(status: SystemStatus) {
  const comfyui = status.services.find((service) => service.name === "comfyui");
  const isDown = comfyui === undefined || !["ready", "attached"].includes(comfyui.state);
  const hasError =
    status.checks.some((check) => check.state === "error") ||
    comfyui?.state === "gave-up" ||
    comfyui?.state === "crashed";
  const isWarned = isDown || status.checks.some((check) => check.state === "warning");
  const running = { status: "ok", message: "", state: "running" };
  return {
    overall_status: hasError ? "error" : isWarned ? "warning" : "ok",
    backend: { ...running, process_id: null },
    frontend: { ...running, process_id: null },
    comfyui_service:
      comfyui === undefined
        ? null
        : {
            state: comfyui.state,
            port: comfyui.port,
            process_id: comfyui.pid,
            message: comfyui.detail,
            error: comfyui.failure?.what ?? null,
            last_check: comfyui.since,
            installed: comfyui.state !== "not-configured",
            reachable: !isDown,
          },
    system: {
      os: status.os,
      disk: { total_gb: gigabytes(status.disk.totalBytes), free_gb: gigabytes(status.disk.freeBytes) },
      ram_gb: gigabytes(status.memory.totalBytes),
      gpus: status.gpu.gpus.map((gpu) => gpu.name),
      issues: status.checks
        .filter((check) => check.state === "error" || check.state === "warning")
        .map((check) => ({
          code: check.id.toUpperCase().replaceAll("-", "_"),
          severity: check.state === "error" ? "error" : "warn",
          title: check.label,
          detail: check.detail,
          fix: { summary: check.fix },
        })),
    },
  };
}

function gigabytes(bytes: number): number {
  return Math.round(bytes / 1e7) / 100;
}

const earlierKeys: Readonly<Record<string, string>> = {
  comfyuiUrl: "comfyui_base_url",
  aiToolkitPath: "aitoolkit_path",
};

/** Values by their name; `sources` says which layer set each. */
export function earlierSettings({ rows, hfTokenSet }: Settings) {
  const nameOf = (key: string) => earlierKeys[key] ?? key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return {
    ...Object.fromEntries(rows.map(({ key, value }) => [nameOf(key), value])),
    hf_token_set: hfTokenSet,
    sources: Object.fromEntries(rows.map(({ key, source }) => [nameOf(key), source])),
  };
}
