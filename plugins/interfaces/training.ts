import type { ParameterValues, Preset, TrainingCapabilities } from "../../server/contract/backend.ts";
import type { Failure } from "../../server/contract/job.ts";
import type { SetupChecks, ToolHost } from "../plugin.ts";

/** A photo of the frozen dataset. `path` stays readable and unchanged for the whole job. */
export interface TrainingPhoto {
  readonly path: string;
  readonly sha256: string;
  readonly mediaType: string;
  readonly caption: string;
  /** As the person knows it. Absent in jobs of earlier versions. */
  readonly fileName?: string;
}

/** Frozen when the job was accepted; the same on every attempt. `values` has every parameter, checked. */
export interface TrainingJob {
  /** Letters, digits, `_`, `-`: the tool's job and file name, e.g. `ada_v3`. */
  readonly name: string;
  readonly triggerWord: string;
  readonly baseModel: string;
  readonly photos: readonly TrainingPhoto[];
  readonly values: ParameterValues;
}

/** What is known of a training before it is accepted: enough to tell what it is going to write. */
export type TrainingPlan = Pick<TrainingJob, "baseModel" | "values"> & { readonly photos: ReadonlyArray<{ readonly path: string }> };

/** What a training is going to write. Sizes in bytes. */
export interface TrainingDisk {
  readonly checkpointBytes: number;
  /** Checkpoints that are kept beside each other. */
  readonly checkpointsKept: number;
  readonly optimizerBytes: number;
  readonly samples: number;
  readonly sampleBytes?: number;
  /** What of the base model is still missing, and the folder that it is put into: often on another disk. */
  readonly downloadBytes?: number;
  readonly downloadDir?: string;
  /** Copies of the photos, latents and text embeddings. */
  readonly cacheBytes?: number;
}

export type TrainingOutcome =
  /** `loraFile` is complete: its header was read and its step count is the one asked for. */
  | { readonly kind: "succeeded"; readonly loraFile: string; readonly steps: number; readonly rank: number | null; readonly baseModel: string }
  | { readonly kind: "failed"; readonly failure: Failure }
  /** The user's stop took effect and no process is left. */
  | { readonly kind: "stopped" }
  /** The child is gone through no fault of its own; the job goes back to the queue and resumes from a checkpoint. */
  | { readonly kind: "interrupted"; readonly why: string }
  /** Gave way as asked, no process is left. Up to `step` everything is saved; null: nothing was trained yet. */
  | { readonly kind: "paused"; readonly step: number | null };

/** What `ToolHost` gives, and the wish to give way. */
export interface TrainingHost extends ToolHost {
  /**
   * Aborted when pictures shall have the GPU for a while; also from the start, when that was asked for before a crash. A
   * backend with `canPause` then saves everything that a later attempt needs, ends its child and answers `paused`. When
   * it cannot save it warns and goes on.
   */
  readonly pauseSignal?: AbortSignal;
}

export interface TrainingBackend extends SetupChecks {
  readonly name: string;
  capabilities(): TrainingCapabilities;
  /** Whether `train` honours `pauseSignal`. */
  readonly canPause?: boolean;
  /** Presets with values for this many photos. The first is not necessarily the default; `balanced` is. */
  presets(context: { photoCount: number }): Preset[];
  /** What this training writes from its beginning to its end. Asked often; may look at files. Absent: nobody knows. */
  disk?(plan: TrainingPlan): TrainingDisk;
  /**
   * Trains. Promises: progress is monotone within an attempt; each sample and checkpoint is told as an artifact soon
   * after it appears; cancelling leaves no process; called again for a running attempt it goes on with that run; a new
   * attempt resumes from the newest valid checkpoint. Never throws for what a tool can do wrong.
   */
  train(job: TrainingJob, host: TrainingHost): Promise<TrainingOutcome>;
}
