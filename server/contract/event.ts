import { t } from "elysia";
import type { Character } from "./character.ts";
import type { Artifact, Job, JobProgress, QueuePause } from "./job.ts";
import type { LogEntry } from "./log.ts";
import type { Lora } from "./lora.ts";
import type { Output } from "./output.ts";
import type { GpuStatus, Info, ServiceStatus } from "./system.ts";

/**
 * What happened, in the order of `seq`. The first group goes to every socket; the second only to sockets that watch
 * the job. Previews are not kept for resume: a lost preview is replaced by the next one.
 */
export type AppEvent =
  | { type: "job.changed"; job: Job }
  | { type: "job.progress"; jobId: string; progress: JobProgress }
  | { type: "job.removed"; jobId: string }
  | { type: "queue.changed"; paused: QueuePause | null }
  | { type: "character.changed"; character: Character }
  | { type: "character.removed"; characterId: string }
  | { type: "photos.changed"; characterId: string }
  | { type: "lora.added"; lora: Lora }
  | { type: "lora.removed"; loraId: string }
  | { type: "output.added"; output: Output }
  | { type: "output.removed"; outputId: string }
  | { type: "service.changed"; service: ServiceStatus }
  | { type: "gpu.changed"; gpu: GpuStatus }
  | { type: "info.changed"; info: Info }
  /** The tools' checks say something new: the status is to be asked for again. */
  | { type: "checks.changed" }
  | { type: "job.artifact"; jobId: string; artifact: Artifact }
  /** The job's tool took the file away again, for example a damaged checkpoint. */
  | { type: "job.artifact-gone"; jobId: string; artifactId: string }
  | { type: "job.log"; jobId: string; entries: LogEntry[] }
  /** The line that a progress bar is being drawn on now; replaced by the next one, never stored. */
  | { type: "job.live-line"; jobId: string; text: string }
  | { type: "job.metrics"; jobId: string; key: string; points: Array<[number, number]> }
  /** Points after this step, of every key, are gone: the job went on from an earlier step. */
  | { type: "job.metrics-undone"; jobId: string; afterStep: number }
  | { type: "job.preview"; jobId: string; index: number; dataUrl: string };

/**
 * Server → browser. `hello` is first on every connection: `resumed` true means that all events after the `since` that
 * was sent follow; false means that the browser must fetch its data again. `beat` comes every 5 s.
 */
export type ServerMessage =
  | { type: "hello"; epoch: string; seq: number; build: string; resumed: boolean }
  | { type: "beat"; seq: number; time: string }
  | { type: "event"; seq: number; event: AppEvent };

/** Browser → server. A socket watches at most 8 jobs. */
export const ClientMessage = t.Union([
  t.Object({ type: t.Literal("watch"), jobId: t.String({ maxLength: 64 }) }),
  t.Object({ type: t.Literal("unwatch"), jobId: t.String({ maxLength: 64 }) }),
]);
export type ClientMessage = typeof ClientMessage.static;
