import { t, type Elysia } from "elysia";
import { AnywayRequest, FailureCounts, Job, JobChange, JobMove, QueuePause, QueueView } from "../contract/job.ts";
import type { Admission } from "../jobs/queue/admission.ts";
import type { QueueActions } from "../jobs/queue/actions.ts";
import { gives } from "./openapi/gives.ts";
import { takes } from "./input/takes.ts";
import { empty, text } from "./openapi/answers.ts";
import { JobIdParams, submitContextOf } from "./job-requests.ts";

const tags = ["queue"];
const longestReason = 200;
const PauseRequest = t.Union([t.Object({ reason: t.Optional(t.String({ maxLength: longestReason })) }), t.Null()], { mayBeAbsent: true });

/** The queue as a whole. */
export function queueApi(actions: QueueActions) {
  return (http: Elysia) => http
    .get("/api/queue", () => actions.view(), {
      ...takes({}), ...gives({ 200: QueueView }), detail: { summary: "What runs, what waits and why, what has ended", tags },
    })
    .get("/api/queue/failures", () => actions.failures(), {
      ...takes({}), ...gives({ 200: FailureCounts }), detail: { summary: "Failed attempts of the last 30 days by cause, and how many nobody understands", tags },
    })
    .post("/api/queue/pause", ({ body }) => ({ paused: actions.pause(body?.reason ?? "") }), {
      ...takes({ body: PauseRequest }), ...gives({ 200: t.Object({ paused: QueuePause }) }),
      detail: { summary: "Begin nothing new; what runs goes on", tags },
    })
    .post("/api/queue/resume", () => {
      actions.resume();
      return { paused: null };
    }, { ...takes({}), ...gives({ 200: t.Object({ paused: t.Null() }) }), detail: { summary: "Go on with the queue", tags } });
}

/** For a collector such as Prometheus. */
export function metricsApi(actions: QueueActions) {
  return (http: Elysia) => http.get("/api/metrics", ({ set }) => {
    set.headers["content-type"] = "text/plain; version=0.0.4; charset=utf-8";
    return actions.metrics();
  }, { ...takes({}), detail: { summary: "Numbers about the queue as text", tags, ...text("text/plain", "Prometheus text format 0.0.4") } });
}

export interface JobActionsDeps {
  readonly actions: QueueActions;
  readonly admission: Admission;
}

/** What a person does with one job, beside stopping it. */
export function jobActionsApi({ actions, admission }: JobActionsDeps) {
  return (http: Elysia) => http
    .post("/api/jobs/:id/move", ({ params, body }) => actions.move(params.id, body), {
      ...takes({ params: JobIdParams, body: JobMove }), ...gives({ 200: Job }), detail: { summary: "Change the order of the waiting jobs", tags },
    })
    .patch("/api/jobs/:id", ({ params, body }) => actions.setPriority(params.id, body.priority), {
      ...takes({ params: JobIdParams, body: JobChange }), ...gives({ 200: Job }), detail: { summary: "Change the priority of a waiting job", tags },
    })
    .post("/api/jobs/:id/retry", ({ params, body }) => admission.retry(params.id, body ?? {}), {
      ...takes({ params: JobIdParams, body: AnywayRequest }), ...gives({ 200: Job }),
      detail: { summary: "Try a failed or cancelled job again; a training resumes from its checkpoint", tags },
    })
    .post("/api/jobs/:id/repeat", ({ params, body, request, set }) => {
      set.status = 201;
      return admission.repeat(params.id, submitContextOf(request), body ?? {});
    }, { ...takes({ params: JobIdParams, body: AnywayRequest }), ...gives({ 201: Job }), detail: { summary: "A new job with the same settings", tags } })
    .delete("/api/jobs/:id", ({ params, set }) => {
      actions.remove(params.id);
      set.status = 204;
    }, { ...takes({ params: JobIdParams }), detail: { summary: "Delete an ended job with its files; pictures and LoRAs stay", tags, ...empty("It is deleted") } });
}
