import { t, type Elysia } from "elysia";
import { Artifact, Job, JobState } from "../contract/job.ts";
import { Id } from "../contract/text.ts";
import { wholeNumber } from "../contract/whole-number.ts";
import { notFound } from "../base/errors.ts";
import type { Admission } from "../jobs/queue/admission.ts";
import type { JobQueue } from "../jobs/queue/queue.ts";
import type { QueueActions } from "../jobs/queue/actions.ts";
import { openStates } from "../jobs/store/states.ts";
import type { Artifacts } from "../library/artifacts.ts";
import { gives } from "./openapi/gives.ts";
import { takes } from "./input/takes.ts";
import { JobIdParams } from "./job-requests.ts";
import { file } from "./openapi/answers.ts";
import { jobActionsApi, metricsApi, queueApi } from "./queue.ts";
import { sendFile } from "./http/send-file.ts";

export interface JobsApiDeps {
  readonly queue: JobQueue;
  readonly actions: QueueActions;
  readonly admission: Admission;
  readonly artifacts: Artifacts;
}

const defaultLimit = 100;
const tags = ["jobs"];
const ArtifactParams = t.Object({ id: Id, artifactId: Id });

const JobsQuery = t.Object({
  state: t.Optional(t.Union([t.Literal("open"), t.Literal("all")])),
  limit: t.Optional(wholeNumber({ minimum: 1, maximum: 500 })),
  before: t.Optional(Id),
});

const JobEvent = t.Object({
  seq: t.Number(), attempt: t.Number(), from: t.Union([JobState, t.Null()]), to: JobState, why: t.String(), at: t.String(),
});

const Summary = t.Object({
  job: Job,
  /** Seconds from the first start to the end or to now; null while it has not begun. */
  runSeconds: t.Union([t.Number(), t.Null()]),
  artifacts: t.Record(t.String(), t.Number()),
  history: t.Array(JobEvent),
});

/** Everything about jobs of every kind, and the queue that they stand in. */
export function jobsApi(deps: JobsApiDeps) {
  return (http: Elysia) => http.use(readJobsApi(deps)).use(jobActionsApi(deps)).use(queueApi(deps.actions))
    .use(metricsApi(deps.actions));
}

function readJobsApi({ queue, artifacts }: JobsApiDeps) {
  return (http: Elysia) => http
    .get("/api/jobs", ({ query }) => {
      const states = query.state === "all" ? undefined : openStates;
      return { jobs: queue.list({ states, limit: query.limit ?? defaultLimit, before: query.before }) };
    }, {
      ...takes({ query: JobsQuery }),
      ...gives({ 200: t.Object({ jobs: t.Array(Job) }) }), detail: { summary: "List jobs of every kind: the open ones, or all", tags },
    })
    .get("/api/jobs/:id", ({ params }) => queue.demand(params.id), { ...takes({ params: JobIdParams }), ...gives({ 200: Job }), detail: { summary: "A job", tags } })
    .post("/api/jobs/:id/cancel", ({ params }) => queue.cancel(params.id), {
      ...takes({ params: JobIdParams }), ...gives({ 200: Job }), detail: { summary: "Stop a job", tags },
    })
    .get("/api/jobs/:id/events", ({ params }) => ({ events: queue.history(queue.demand(params.id).id) }), {
      ...takes({ params: JobIdParams }), ...gives({ 200: t.Object({ events: t.Array(JobEvent) }) }),
      detail: { summary: "What happened to a job, in order", tags },
    })
    .get("/api/jobs/:id/summary", ({ params }) => summaryOf(queue.demand(params.id), artifacts, queue), {
      ...takes({ params: JobIdParams }), ...gives({ 200: Summary }), detail: { summary: "A job in one answer", tags },
    })
    .get("/api/jobs/:id/artifacts", ({ params }) => ({ artifacts: artifacts.list(queue.demand(params.id).id) }), {
      ...takes({ params: JobIdParams }), ...gives({ 200: t.Object({ artifacts: t.Array(Artifact) }) }),
      detail: { summary: "Samples, checkpoints and other files of a job", tags },
    })
    .get("/api/jobs/:id/artifacts/:artifactId", ({ params, request }) => {
      const artifact = artifacts.get(params.id, params.artifactId);
      if (artifact === null) throw notFound("file", params.artifactId);
      const fileName = artifact.name.split("/").at(-1)!;
      const mediaType = mediaTypeOf(fileName);
      return sendFile(request, artifacts.file(artifact), { mediaType, fileName, attachment: !mediaType.startsWith("image/") });
    }, { ...takes({ params: ArtifactParams }), detail: { summary: "A file of a job; ranges are answered", tags, ...file("*/*") } });
}

function summaryOf(job: Job, artifacts: Artifacts, queue: JobQueue): typeof Summary.static {
  const counts: Record<string, number> = {};
  for (const { kind } of artifacts.list(job.id)) counts[kind] = (counts[kind] ?? 0) + 1;
  const end = job.finishedAt === null ? Date.now() : Date.parse(job.finishedAt);
  const runSeconds = job.startedAt === null ? null : Math.max(0, Math.round((end - Date.parse(job.startedAt)) / 1000));
  return { job, runSeconds, artifacts: counts, history: queue.history(job.id) };
}

const mediaTypes: Readonly<Record<string, string>> = {
  jpg: "image/jpeg", jpeg: "image/jpeg", png: "image/png", webp: "image/webp", json: "application/json",
  log: "text/plain; charset=utf-8", txt: "text/plain; charset=utf-8",
};

function mediaTypeOf(fileName: string): string {
  return mediaTypes[fileName.split(".").at(-1)!.toLowerCase()] ?? "application/octet-stream";
}
