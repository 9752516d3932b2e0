import { t } from "elysia";
import { type JobKind as KnownKind, jobKindNames } from "../shared/job-kinds.ts";
import type { FailureCode } from "../shared/failure-codes.ts";
import { ParameterValues } from "./backend.ts";
import { Id, someText } from "./text.ts";
import { wholeNumber } from "./whole-number.ts";

export const JobKind = t.Unsafe<KnownKind>(t.Union(jobKindNames.map((kind) => t.Literal(kind))));
export type JobKind = KnownKind;

/**
 * queued → claimed → starting → running → stopping → succeeded | failed | cancelled.
 * snoozed: waits for something outside (GPU, disk) without using an attempt. interrupted: goes back to queued.
 */
export const JobState = t.Union([
  t.Literal("queued"), t.Literal("claimed"), t.Literal("starting"), t.Literal("running"), t.Literal("stopping"),
  t.Literal("succeeded"), t.Literal("failed"), t.Literal("cancelled"), t.Literal("snoozed"), t.Literal("interrupted"),
]);
export type JobState = typeof JobState.static;

/**
 * Why a job does not run yet, as a sentence for the page. `jobId`: the job that it waits for; `until`: when it is tried
 * again. A training that is giving way to pictures has the code `pausing` while it still runs.
 */
export const Waiting = t.Object({
  code: t.String(), text: t.String(), jobId: t.Optional(t.String()), until: t.Optional(t.String()),
});
export type Waiting = typeof Waiting.static;

/** A stage of the work in its order. `fraction` is null where the tool gives no real number: then no bar is drawn. */
export const Stage = t.Object({
  id: t.String(),
  label: t.String(),
  state: t.Union([t.Literal("waiting"), t.Literal("active"), t.Literal("done"), t.Literal("skipped")]),
  fraction: t.Union([t.Number(), t.Null()]),
  detail: t.String(),
});
export type Stage = typeof Stage.static;

export const JobProgress = t.Object({
  stages: t.Array(Stage),
  /** Completed steps; generation: finished sampler steps over all pictures of the job. */
  step: t.Number(),
  totalSteps: t.Number(),
  /** 0…1 of the whole job, or null while unknown. */
  fraction: t.Union([t.Number(), t.Null()]),
  etaSeconds: t.Union([t.Number(), t.Null()]),
  /** As the tool words it, for example "1.23 iter/sec"; empty while unknown. */
  speed: t.String(),
  loss: t.Union([t.Number(), t.Null()]),
  learningRate: t.Union([t.Number(), t.Null()]),
  message: t.String(),
  updatedAt: t.String(),
});
export type JobProgress = typeof JobProgress.static;

/** A failure in words. `code` is the class; `tail` the last lines of the tool, redacted. */
export const Failure = t.Object({
  code: t.String(), what: t.String(), why: t.String(), fix: t.String(),
  tail: t.Array(t.String()),
  /** Where the other side named a time before which trying again is useless. */
  retryAfterSeconds: t.Optional(t.Number()),
  /** Set where only a person can remove this cause, although others of its class may pass by themselves. */
  lasting: t.Optional(t.Boolean()),
});
export type Failure = typeof Failure.static;
/** As this version writes one; a stored one may be of a later version. */
export type KnownFailure = Failure & { readonly code: FailureCode };

export const Job = t.Object({
  id: t.String(),
  kind: JobKind,
  state: JobState,
  title: t.String(),
  characterId: t.Union([t.String(), t.Null()]),
  backend: t.String(),
  /** Grows with each change: of two answers about a job the one with the larger number is the newer. Progress alone does not count. */
  revision: t.Number(),
  /** Asked for in fast-test: the simulators do it, and what comes out is simulated. It never runs in production. */
  simulated: t.Boolean(),
  attempt: t.Number(),
  /** Waiting jobs run by descending priority, then by ascending position. */
  priority: t.Optional(t.Number()),
  position: t.Optional(t.Number()),
  correlationId: t.String(),
  request: t.Record(t.String(), t.Unknown()),
  waiting: t.Union([Waiting, t.Null()]),
  progress: t.Union([JobProgress, t.Null()]),
  failure: t.Union([Failure, t.Null()]),
  /** Notes that a person should know although the job went on: prompts changed, photos skipped, loss NaN. */
  warnings: t.Array(t.String()),
  /** Where there are several GPUs: `gpu:` and the UUID of the one that it runs or ran on. */
  lane: t.Optional(t.String()),
  /** Ids of what came out: LoRA id of a training, output ids of a generation. */
  results: t.Array(t.String()),
  createdAt: t.String(),
  startedAt: t.Union([t.String(), t.Null()]),
  /** When the newest attempt began; `startedAt` is the first one. */
  attemptStartedAt: t.Optional(t.Union([t.String(), t.Null()])),
  finishedAt: t.Union([t.String(), t.Null()]),
});
export type Job = typeof Job.static;

const priorityMin = -10;
const priorityMax = 10;
export const JobChange = t.Object({ priority: wholeNumber({ minimum: priorityMin, maximum: priorityMax }) });
export type JobChange = typeof JobChange.static;

/** Exactly one of them. `position` counts from 0 among the waiting jobs. */
export const JobMove = t.Object({
  before: t.Optional(Id),
  after: t.Optional(Id),
  position: t.Optional(wholeNumber({ minimum: 0 })),
}, { minProperties: 1, maxProperties: 1 });
export type JobMove = typeof JobMove.static;

export const QueuePause = t.Object({ reason: t.String(), since: t.String() });
export type QueuePause = typeof QueuePause.static;

/** `paused`: nothing new begins; what runs goes on. Waiting jobs are in the order in which they will run. */
export const QueueView = t.Object({
  paused: t.Union([QueuePause, t.Null()]),
  running: t.Array(Job),
  /** `startsInSeconds` is null where no earlier job of the kind tells how long one takes. */
  waiting: t.Array(t.Object({ job: Job, startsInSeconds: t.Union([t.Number(), t.Null()]) })),
  /** Ended last, newest first. */
  recent: t.Array(Job),
});
export type QueueView = typeof QueueView.static;

/** Failed attempts of all jobs by class since a moment, most frequent first. */
export const FailureCounts = t.Object({
  days: t.Number(),
  total: t.Number(),
  /** Of which nobody knows the cause. */
  unknown: t.Number(),
  /** `failed`: attempts that ended their job; `retried`: those after which it was tried again by itself. */
  classes: t.Array(t.Object({ code: t.String(), failed: t.Number(), retried: t.Number() })),
  /** The newest jobs that failed of an unknown cause. */
  notUnderstood: t.Array(t.Object({ jobId: t.String(), title: t.String(), at: t.String() })),
});
export type FailureCounts = typeof FailureCounts.static;

const QueueAnyway = t.Optional(t.Boolean());

/** What is sent with a retry, a repeat or a wish to run now; an empty body says the same as an empty object. */
export const AnywayRequest = t.Union([t.Object({ queueAnyway: QueueAnyway }), t.Null()], { mayBeAbsent: true });

export const TrainingRequest = t.Object({
  characterId: Id,
  /** Absent: balanced. */
  preset: t.Optional(t.String({ minLength: 1, maxLength: 32 })),
  /** Overrides of the preset's values, by parameter name. */
  values: t.Optional(ParameterValues),
  /** One of the methods that `GET /api/info` lists. Absent: lora. */
  method: t.Optional(t.String({ minLength: 1, maxLength: 32 })),
  /** True: accepted although it cannot run here now; it is tried when its turn comes. */
  queueAnyway: QueueAnyway,
});
export type TrainingRequest = typeof TrainingRequest.static;

/** What a training with these settings would write. `writesBytes` null: its tool does not tell. */
export const TrainingOutlook = t.Object({
  writesBytes: t.Union([t.Number(), t.Null()]),
  /** The part of it that is downloaded first: the base model, when it is not on this machine. */
  downloadBytes: t.Number(),
  /** Why it would have to wait for room on the disk now. */
  refusal: t.Union([t.String(), t.Null()]),
});
export type TrainingOutlook = typeof TrainingOutlook.static;

export const LoraChoice = t.Object({ id: Id, strength: t.Number({ minimum: -2, maximum: 2 }) });
export type LoraChoice = typeof LoraChoice.static;

/** The models work on blocks of 16 pixels; another size would come out as another one. */
const Side = t.Number({ minimum: 256, maximum: 2048, multipleOf: 16 });

export const GenerationRequest = t.Object({
  prompt: someText({ maxLength: 2000, lines: true, whenMissing: "Describe the picture first." }),
  model: t.Optional(t.String({ maxLength: 64 })),
  loras: t.Optional(t.Array(LoraChoice, { maxItems: 4 })),
  count: t.Optional(wholeNumber({ minimum: 1, maximum: 16 })),
  /** Absent or null: random, and reported with each picture. At most 2^53−1. */
  seed: t.Optional(t.Union([wholeNumber({ minimum: 0, maximum: 9007199254740991 }), t.Null({ description: "random" })])),
  aspectRatio: t.Optional(t.String({ maxLength: 16 })),
  width: t.Optional(Side),
  height: t.Optional(Side),
  steps: t.Optional(wholeNumber({ minimum: 1, maximum: 100 })),
  guidance: t.Optional(t.Number({ minimum: 0, maximum: 30 })),
  /** Default true: the trigger words of the chosen LoRAs are added to the prompt where they are missing. */
  addTrigger: t.Optional(t.Boolean()),
  characterId: t.Optional(Id),
  /** True: accepted although it cannot run here now; it is tried when its turn comes. */
  queueAnyway: QueueAnyway,
});
export type GenerationRequest = typeof GenerationRequest.static;

export const Artifact = t.Object({
  id: t.String(),
  jobId: t.String(),
  kind: t.Union([t.Literal("sample"), t.Literal("checkpoint"), t.Literal("lora"), t.Literal("output"), t.Literal("log"), t.Literal("config")]),
  name: t.String(),
  step: t.Union([t.Number(), t.Null()]),
  promptIndex: t.Union([t.Number(), t.Null()]),
  /** Made by the simulator of fast-test. */
  simulated: t.Boolean(),
  sizeBytes: t.Number(),
  createdAt: t.String(),
  url: t.String(),
});
export type Artifact = typeof Artifact.static;

/** One series of numbers of a job, for example `loss/loss`; `points` are [step, value], ascending by step. */
export const MetricSeries = t.Object({ key: t.String(), points: t.Array(t.Tuple([t.Number(), t.Number()])) });
export type MetricSeries = typeof MetricSeries.static;
