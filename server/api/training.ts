import { t, type Elysia } from "elysia";
import { Preset } from "../contract/backend.ts";
import { Job, MetricSeries, TrainingOutlook, TrainingRequest } from "../contract/job.ts";
import { Id } from "../contract/text.ts";
import type { Bus } from "../events/bus.ts";
import type { Admission } from "../jobs/queue/admission.ts";
import type { JobQueue } from "../jobs/queue/queue.ts";
import type { Metrics } from "../library/metrics.ts";
import { gives } from "./openapi/gives.ts";
import { takes } from "./input/takes.ts";
import { filterOf, JobIdParams, JobListQuery, oldListNames, submitContextOf } from "./job-requests.ts";
import { oldTraining } from "./v0/training-request.ts";
import { streamAnswers, streamJob } from "./stream.ts";

export interface TrainingApiDeps {
  readonly queue: JobQueue;
  readonly admission: Admission;
  readonly bus: Bus;
  readonly metrics: Metrics;
}

const tags = ["training"];

export function trainingApi({ queue, admission, bus, metrics }: TrainingApiDeps) {
  return (http: Elysia) => http
    .post("/api/training", ({ body, request, set }) => {
      set.status = 201;
      return admission.train(body, submitContextOf(request));
    }, {
      ...takes({ body: TrainingRequest, old: oldTraining }), ...gives({ 201: Job }),
      detail: { summary: "Train a LoRA of a character", description: "Send an Idempotency-Key to make a repeat harmless.", tags },
    })
    .get("/api/training", ({ query }) => ({ jobs: queue.list({ kind: "training", ...filterOf(query) }) }), {
      ...takes({ query: JobListQuery, oldQuery: oldListNames }), ...gives({ 200: t.Object({ jobs: t.Array(Job) }) }), detail: { summary: "List trainings, newest first", tags },
    })
    .get("/api/training/presets", ({ query }) => ({ presets: queue.presets(query.characterId) }), {
      ...takes({ query: t.Object({ characterId: Id }) }), ...gives({ 200: t.Object({ presets: t.Array(Preset) }) }),
      detail: { summary: "Presets with their values for a character's photos", tags },
    })
    .post("/api/training/estimate", ({ body }) => queue.outlook(body), {
      ...takes({ body: TrainingRequest, old: oldTraining }), ...gives({ 200: TrainingOutlook }),
      detail: { summary: "What a training would write to the disk, and whether it fits; nothing is started", tags },
    })
    .get("/api/training/:id", ({ params }) => queue.demand(params.id, "training"), {
      ...takes({ params: JobIdParams }), ...gives({ 200: Job }), detail: { summary: "A training", tags },
    })
    .post("/api/training/:id/cancel", ({ params }) => queue.cancel(params.id, "training"), {
      ...takes({ params: JobIdParams }), ...gives({ 200: Job }), detail: { summary: "Stop a training", tags },
    })
    .get("/api/training/:id/metrics", ({ params }) => ({ series: metrics.series(queue.demand(params.id, "training").id) }), {
      ...takes({ params: JobIdParams }), ...gives({ 200: t.Object({ series: t.Array(MetricSeries) }) }),
      detail: { summary: "Loss and other series of a training", tags },
    })
    .get("/api/training/:id/stream", ({ params, request }) => streamJob(queue.demand(params.id, "training"), request, { queue, bus }), {
      ...takes({ params: JobIdParams }), detail: { summary: "Progress as server-sent events", tags, responses: streamAnswers },
    });
}
