import { t } from "elysia";
import { Character } from "./character.ts";
import { Artifact, Job, JobProgress, QueuePause } from "./job.ts";
import { LogEntry } from "./log.ts";
import { Lora } from "./lora.ts";
import { Output } from "./output.ts";
import { GpuStatus, Info, ServiceStatus } from "./system.ts";

/**
 * What happened, in the order of `seq`. The first group goes to every socket; the second only to sockets that watch
 * the job. Previews are not kept for resume: a lost preview is replaced by the next one.
 */
export const AppEvent = t.Union([
  t.Object({ type: t.Literal("job.changed"), job: Job }),
  t.Object({ type: t.Literal("job.progress"), jobId: t.String(), progress: JobProgress }),
  t.Object({ type: t.Literal("job.removed"), jobId: t.String() }),
  t.Object({ type: t.Literal("queue.changed"), paused: t.Union([QueuePause, t.Null()]) }),
  t.Object({ type: t.Literal("character.changed"), character: Character }),
  t.Object({ type: t.Literal("character.removed"), characterId: t.String() }),
  t.Object({ type: t.Literal("photos.changed"), characterId: t.String() }),
  t.Object({ type: t.Literal("lora.added"), lora: Lora }),
  t.Object({ type: t.Literal("output.added"), output: Output }),
  t.Object({ type: t.Literal("output.removed"), outputId: t.String() }),
  t.Object({ type: t.Literal("service.changed"), service: ServiceStatus }),
  t.Object({ type: t.Literal("gpu.changed"), gpu: GpuStatus }),
  t.Object({ type: t.Literal("info.changed"), info: Info }),

  t.Object({ type: t.Literal("job.artifact"), jobId: t.String(), artifact: Artifact }),
  t.Object({ type: t.Literal("job.log"), jobId: t.String(), entries: t.Array(LogEntry) }),
  /** The line that a progress bar is being drawn on now; replaced by the next one, never stored. */
  t.Object({ type: t.Literal("job.live-line"), jobId: t.String(), text: t.String() }),
  t.Object({ type: t.Literal("job.metrics"), jobId: t.String(), key: t.String(), points: t.Array(t.Tuple([t.Number(), t.Number()])) }),
  t.Object({ type: t.Literal("job.preview"), jobId: t.String(), index: t.Number(), dataUrl: t.String() }),
]);
export type AppEvent = typeof AppEvent.static;

/**
 * Server → browser. `hello` is first on every connection: `resumed` true means that all events after the `since` that
 * was sent follow; false means that the browser must fetch its data again. `beat` comes every 5 s.
 */
export const ServerMessage = t.Union([
  t.Object({ type: t.Literal("hello"), epoch: t.String(), seq: t.Number(), build: t.String(), resumed: t.Boolean() }),
  t.Object({ type: t.Literal("beat"), seq: t.Number(), time: t.String() }),
  t.Object({ type: t.Literal("event"), seq: t.Number(), event: AppEvent }),
]);
export type ServerMessage = typeof ServerMessage.static;

/** Browser → server. A socket watches at most 8 jobs. */
export const ClientMessage = t.Union([
  t.Object({ type: t.Literal("watch"), jobId: t.String({ maxLength: 64 }) }),
  t.Object({ type: t.Literal("unwatch"), jobId: t.String({ maxLength: 64 }) }),
]);
export type ClientMessage = typeof ClientMessage.static;
