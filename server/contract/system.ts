import { t } from "elysia";
import { ImageCapabilities, TrainingCapabilities, VideoCapabilities } from "./backend.ts";
import { Failure } from "./job.ts";
import { Obstacles } from "./obstacle.ts";

export const Mode = t.Union([t.Literal("fast-test"), t.Literal("production")]);
export type Mode = typeof Mode.static;

export const CheckState = t.Union([t.Literal("ok"), t.Literal("warning"), t.Literal("error"), t.Literal("unknown")]);
export type CheckState = typeof CheckState.static;

/** One checked fact. `checkedAt` null: nobody looked yet, so the state is `unknown`, never green. */
export const Check = t.Object({
  id: t.String(),
  label: t.String(),
  state: CheckState,
  detail: t.String(),
  fix: t.String(),
  checkedAt: t.Union([t.String(), t.Null()]),
});
export type Check = typeof Check.static;

/**
 * Why nothing is started on a GPU. `stays`: until a person says that it is well again; otherwise it goes as soon as
 * nvidia-smi shows the GPU as well. `id` names the GPU when it is to be used again.
 */
export const GpuFault = t.Object({ id: t.String(), reason: t.String(), since: t.String(), stays: t.Boolean() });
export type GpuFault = typeof GpuFault.static;

/** One GPU as nvidia-smi reports it. MiB and °C and W; null where the tool says [N/A]. */
export const Gpu = t.Object({
  index: t.Number(),
  uuid: t.String(),
  name: t.String(),
  memoryTotalMib: t.Union([t.Number(), t.Null()]),
  memoryUsedMib: t.Union([t.Number(), t.Null()]),
  utilizationPercent: t.Union([t.Number(), t.Null()]),
  temperatureC: t.Union([t.Number(), t.Null()]),
  powerW: t.Union([t.Number(), t.Null()]),
  powerLimitW: t.Union([t.Number(), t.Null()]),
  /** Errors of its memory that could not be corrected, since the driver was loaded. */
  eccErrors: t.Union([t.Number(), t.Null()]),
  /** What makes it run slower than it could: heat, its power supply; empty: nothing. */
  slowedBy: t.Array(t.String()),
  fault: t.Union([GpuFault, t.Null()]),
});
export type Gpu = typeof Gpu.static;

export const GpuStatus = t.Object({
  state: t.Union([t.Literal("unknown"), t.Literal("present"), t.Literal("none"), t.Literal("error")]),
  reason: t.String(),
  gpus: t.Array(Gpu),
  checkedAt: t.Union([t.String(), t.Null()]),
});
export type GpuStatus = typeof GpuStatus.static;

export const ServiceState = t.Union([
  t.Literal("not-configured"), t.Literal("stopped"), t.Literal("starting"), t.Literal("ready"),
  t.Literal("stopping"), t.Literal("crashed"), t.Literal("gave-up"), t.Literal("attached"), t.Literal("unreachable"),
]);
export type ServiceState = typeof ServiceState.static;

export const ServiceStatus = t.Object({
  name: t.String(),
  label: t.String(),
  state: ServiceState,
  detail: t.String(),
  pid: t.Union([t.Number(), t.Null()]),
  port: t.Union([t.Number(), t.Null()]),
  version: t.Union([t.String(), t.Null()]),
  since: t.String(),
  /** How it ended last, with its last lines; only while it is `crashed` or `gave-up`. */
  failure: t.Optional(Failure),
});
export type ServiceStatus = typeof ServiceStatus.static;

export const SystemStatus = t.Object({
  gpu: GpuStatus,
  services: t.Array(ServiceStatus),
  checks: t.Array(Check),
  /** What keeps work of each kind from running here, as far as it is known. */
  obstacles: Obstacles,
  disk: t.Object({ freeBytes: t.Number(), totalBytes: t.Number(), path: t.String() }),
  memory: t.Object({ totalBytes: t.Number(), freeBytes: t.Number(), processBytes: t.Number() }),
  os: t.String(),
  uptimeSeconds: t.Number(),
});
export type SystemStatus = typeof SystemStatus.static;

export const Info = t.Object({
  name: t.String(),
  version: t.String(),
  build: t.String(),
  /** null: not chosen yet; the first page asks. */
  mode: t.Union([Mode, t.Null()]),
  /** Set where the mode cannot be changed on the page, with the reason as a sentence. */
  modeFixed: t.Union([t.String(), t.Null()]),
  training: t.Union([TrainingCapabilities, t.Null()]),
  image: t.Union([ImageCapabilities, t.Null()]),
  video: VideoCapabilities,
});
export type Info = typeof Info.static;

/** Settings as the page shows them: each value with the layer that set it. Secrets show only whether they are set. */
export const SettingRow = t.Object({
  key: t.String(),
  label: t.String(),
  value: t.String(),
  source: t.Union([t.Literal("flag"), t.Literal("environment"), t.Literal("file"), t.Literal("saved"), t.Literal("default")]),
  help: t.String(),
});
export type SettingRow = typeof SettingRow.static;

export const Settings = t.Object({
  rows: t.Array(SettingRow),
  hfTokenSet: t.Boolean(),
  tunnelCommand: t.String(),
});
export type Settings = typeof Settings.static;
