import { Elysia, t } from "elysia";
import { Preset } from "../contract/backend.ts";
import { Job, MetricSeries, TrainingOutlook, TrainingRequest } from "../contract/job.ts";
import type { Bus } from "../events/bus.ts";
import type { JobQueue } from "../jobs/queue.ts";
import type { Metrics } from "../library/metrics.ts";
import { filterOf, JobIdParams, JobListQuery, renamed, submitContextOf } from "./job-requests.ts";
import { streamJob } from "./stream.ts";

export interface TrainingApiDeps {
  readonly queue: JobQueue;
  readonly bus: Bus;
  readonly metrics: Metrics;
}

const oldFields = { character_id: "characterId", preset_name: "preset", config: "values" };
const defaultPreset = "balanced";
const tags = ["training"];

export function trainingApi({ queue, bus, metrics }: TrainingApiDeps) {
  return new Elysia({ prefix: "/api/training", name: "training-api" })
    .post("", ({ body, request, set }) => {
      set.status = 201;
      return queue.submitTraining(body, submitContextOf(request));
    }, {
      body: TrainingRequest, response: { 201: Job },
      transform: (context) => {
        const body = renamed(context.body, oldFields);
        context.body = (typeof body === "object" ? { preset: defaultPreset, ...body } : body) as typeof context.body;
      },
      detail: { summary: "Train a LoRA of a character", description: "Send an Idempotency-Key to make a repeat harmless.", tags },
    })
    .get("", ({ query }) => ({ jobs: queue.list({ kind: "training", ...filterOf(query) }) }), {
      query: JobListQuery, response: { 200: t.Object({ jobs: t.Array(Job) }) }, detail: { summary: "List trainings, newest first", tags },
    })
    .get("/presets", ({ query }) => ({ presets: queue.presets(query.characterId) }), {
      query: t.Object({ characterId: t.String({ minLength: 1, maxLength: 200 }) }), response: { 200: t.Object({ presets: t.Array(Preset) }) },
      detail: { summary: "Presets with their values for a character's photos", tags },
    })
    .post("/estimate", ({ body }) => queue.outlook(body), {
      body: TrainingRequest, response: { 200: TrainingOutlook },
      detail: { summary: "What a training would write to the disk, and whether it fits; nothing is started", tags },
    })
    .get("/:id", ({ params }) => queue.demand(params.id, "training"), {
      params: JobIdParams, response: { 200: Job }, detail: { summary: "A training", tags },
    })
    .post("/:id/cancel", ({ params }) => queue.cancel(params.id, "training"), {
      params: JobIdParams, response: { 200: Job }, detail: { summary: "Stop a training", tags },
    })
    .get("/:id/metrics", ({ params }) => ({ series: metrics.series(queue.demand(params.id, "training").id) }), {
      params: JobIdParams, response: { 200: t.Object({ series: t.Array(MetricSeries) }) },
      detail: { summary: "Loss and other series of a training", tags },
    })
    .get("/:id/stream", ({ params, request }) => streamJob(queue.demand(params.id, "training"), request, { queue, bus }), {
      params: JobIdParams, detail: { summary: "Progress as server-sent events", tags },
    });
}
