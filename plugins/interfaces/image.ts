import type { ImageCapabilities } from "../../server/contract/backend.ts";
import type { Failure } from "../../server/contract/job.ts";
import type { OutputSettings } from "../../server/contract/output.ts";
import type { SetupChecks, ToolHost } from "../plugin.ts";

/** Frozen and checked against the capabilities; `seeds` has one entry for each picture. */
export interface ImageJob {
  readonly prompt: string;
  readonly model: string;
  readonly loras: ReadonlyArray<{ readonly id: string; readonly name: string; readonly fileName: string; readonly path: string; readonly strength: number }>;
  readonly seeds: readonly number[];
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  readonly guidance: number | null;
}

/** What `ToolHost` gives, and the two ends of a picture. */
export interface ImageHost extends ToolHost {
  /** A half-made picture (JPEG or PNG bytes) for whoever watches. May be dropped. */
  preview(index: number, bytes: Uint8Array): void;
  /** Stores picture `index` with its settings. Storing an index twice keeps the first. Durable when it resolves. */
  output(index: number, bytes: Uint8Array, settings: OutputSettings): Promise<void>;
  /** Whether picture `index` was stored by an earlier call, also before a restart. */
  hasOutput(index: number): boolean;
}

export type ImageOutcome =
  | { readonly kind: "succeeded" }
  | { readonly kind: "failed"; readonly failure: Failure }
  | { readonly kind: "stopped" }
  | { readonly kind: "interrupted"; readonly why: string };

export interface ImageBackend extends SetupChecks {
  readonly name: string;
  capabilities(): ImageCapabilities;
  /**
   * Makes every picture that is not stored yet, in order. Called again after a restart of the server it looks for what
   * it had submitted before it submits anything. Cancelling stops only this job. Never throws for what a tool can do.
   */
  generate(job: ImageJob, host: ImageHost): Promise<ImageOutcome>;
  /** Asks the tool to give GPU memory back before a training; resolves when it said so or is not running. */
  releaseMemory(url: string): Promise<void>;
}
