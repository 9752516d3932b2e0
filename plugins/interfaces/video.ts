import type { VideoCapabilities } from "../../server/contract/backend.ts";
import type { Failure } from "../../server/contract/job.ts";
import type { ToolHost } from "../plugin.ts";

/** Sizes in pixels; `frames` at `fps` frames a second. */
export interface VideoJob {
  readonly prompt: string;
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly fps: number;
  readonly seed: number;
  readonly loras: ReadonlyArray<{ readonly id: string; readonly path: string; readonly strength: number }>;
}

export type VideoOutcome =
  | { readonly kind: "succeeded"; readonly file: string }
  | { readonly kind: "failed"; readonly failure: Failure }
  | { readonly kind: "stopped" }
  | { readonly kind: "interrupted"; readonly why: string };

/** In development: no backend exists. The interface and `conformance/video.ts` say what one would have to do. */
export interface VideoBackend {
  readonly name: string;
  capabilities(): VideoCapabilities;
  /** As `ImageBackend.generate`: survives a restart, cancels only itself, leaves no half file under its final name. */
  render(job: VideoJob, host: ToolHost): Promise<VideoOutcome>;
}
