import { t, type Elysia } from "elysia";
import { AnywayRequest, GenerationRequest, Job, MetricSeries } from "../contract/job.ts";
import type { Bus } from "../events/bus.ts";
import type { Admission } from "../jobs/queue/admission.ts";
import type { JobQueue } from "../jobs/queue/queue.ts";
import type { Characters } from "../library/characters.ts";
import type { Metrics } from "../library/metrics.ts";
import { gives } from "./openapi/gives.ts";
import { takes } from "./input/takes.ts";
import { filterOf, JobIdParams, JobListQuery, oldListNames, submitContextOf } from "./job-requests.ts";
import { oldGeneration, type NewestLora } from "./v0/generation-request.ts";
import { streamAnswers, streamJob } from "./stream.ts";

export interface GenerationApiDeps {
  readonly queue: JobQueue;
  readonly admission: Admission;
  readonly bus: Bus;
  readonly metrics: Metrics;
  /** Where the people are known; a request of the earlier system may name one instead of a LoRA. */
  readonly characters?: Pick<Characters, "get">;
}

const tags = ["generation"];

export function generationApi({ queue, admission, bus, metrics, characters }: GenerationApiDeps) {
  const newestLora: NewestLora = (id) => characters?.get(id)?.latestLoraId;
  return (http: Elysia) => http
    .post("/api/generation", ({ body, request, set }) => {
      set.status = 201;
      return admission.paint(body, submitContextOf(request));
    }, {
      ...takes({ body: GenerationRequest, old: (body) => oldGeneration(body, newestLora) }), ...gives({ 201: Job }),
      detail: { summary: "Make pictures", description: "Send an Idempotency-Key to make a repeat harmless.", tags },
    })
    .get("/api/generation", ({ query }) => ({ jobs: queue.list({ kind: "generation", ...filterOf(query) }) }), {
      ...takes({ query: JobListQuery, oldQuery: oldListNames }), ...gives({ 200: t.Object({ jobs: t.Array(Job) }) }), detail: { summary: "List generations, newest first", tags },
    })
    .get("/api/generation/:id", ({ params }) => queue.demand(params.id, "generation"), {
      ...takes({ params: JobIdParams }), ...gives({ 200: Job }), detail: { summary: "A generation", tags },
    })
    .post("/api/generation/:id/cancel", ({ params }) => queue.cancel(params.id, "generation"), {
      ...takes({ params: JobIdParams }), ...gives({ 200: Job }), detail: { summary: "Stop a generation; pictures that are done stay", tags },
    })
    .post("/api/generation/:id/run-now", ({ params, body }) => admission.runNow(params.id, body ?? {}), {
      ...takes({ params: JobIdParams, body: AnywayRequest }), ...gives({ 200: Job }),
      detail: { summary: "Make these pictures next; a running training saves, pauses and goes on afterwards", tags },
    })
    .get("/api/generation/:id/metrics", ({ params }) => ({ series: metrics.series(queue.demand(params.id, "generation").id) }), {
      ...takes({ params: JobIdParams }), ...gives({ 200: t.Object({ series: t.Array(MetricSeries) }) }), detail: { summary: "Series of a generation", tags },
    })
    .get("/api/generation/:id/stream", ({ params, request }) => streamJob(queue.demand(params.id, "generation"), request, { queue, bus }), {
      ...takes({ params: JobIdParams }), detail: { summary: "Progress as server-sent events", tags, responses: streamAnswers },
    });
}
