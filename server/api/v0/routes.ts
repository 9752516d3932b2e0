import type { Artifact, Job } from "../../contract/job.ts";
import type { Character, Photo } from "../../contract/character.ts";
import type { LogPage } from "../../contract/log.ts";
import type { Lora } from "../../contract/lora.ts";
import type { Info, Settings, SystemStatus } from "../../contract/system.ts";
import * as jobs from "./job-answers.ts";
import * as library from "./library-answers.ts";
import * as system from "./system-answers.ts";

/** What an answer may need beside itself. */
export interface Beside {
  /** The ids of the path, in their order. */
  readonly ids: readonly string[];
  readonly correlationId: string;
  /** The present answer of another address, or null where it is refused. */
  look<T>(path: string): Promise<T | null>;
}

export interface EarlierRoute {
  readonly method: string;
  /** As the earlier documents write it. */
  readonly path: string;
  /** Names and values of the query that are not those of today. */
  readonly query?: (query: URLSearchParams) => void;
  /** The earlier form of a JSON answer. */
  readonly answer?: (body: never, beside: Beside) => unknown;
  /** The earlier form of each line of a text that may go on for long. */
  readonly line?: (line: string, ids: readonly string[]) => string;
  /** Another status than today's, by today's. */
  readonly status?: Readonly<Record<number, number>>;
}

const loras = async (beside: Beside) => (await beside.look<{ loras: Lora[] }>("/api/loras"))?.loras ?? [];
const oneCharacter = async (body: Character, beside: Beside) => library.earlierCharacter(body, await loras(beside));
const oneJob = (body: Job) => jobs.earlierJob(body);
const jobList = (body: { jobs: Job[] }) => body.jobs.map(jobs.earlierJob);
const readiness = async (body: Parameters<typeof system.earlierReadiness>[0], beside: Beside) =>
  system.earlierReadiness(body, await beside.look<SystemStatus>("/api/status"));

/** The lines that a stream of events carries; all others stay. */
function streamLine(line: string): string {
  if (!line.startsWith('data: {"')) return line;
  return `data: ${JSON.stringify(jobs.earlierStreamData(JSON.parse(line.slice("data: ".length)) as never))}`;
}

function atMost(limit: number) {
  return (query: URLSearchParams): void => {
    if (!query.has("limit")) query.set("limit", String(limit));
  };
}

function logQuery(query: URLSearchParams): void {
  atMost(100)(query);
  const level = query.get("level")?.toLowerCase();
  if (level !== undefined) query.set("level", level === "warning" ? "warn" : level === "critical" ? "error" : level);
}

const work = (kind: "training" | "generation", limit: number): EarlierRoute[] => [
  { method: "POST", path: `/api/${kind}`, answer: oneJob },
  { method: "GET", path: `/api/${kind}`, query: atMost(limit), answer: jobList },
  { method: "GET", path: `/api/${kind}/{id}`, answer: oneJob },
  { method: "POST", path: `/api/${kind}/{id}/cancel`, answer: oneJob },
  { method: "GET", path: `/api/${kind}/{id}/stream`, line: streamLine },
];

/** The routes of the earlier system that exist today, each with the form of its answer. docs/earlier-routes.md shows them. */
export const earlierRoutes: readonly EarlierRoute[] = [
  { method: "GET", path: "/health", answer: ({ status }: { status: string }) => ({ status }) },
  { method: "GET", path: "/api/health", answer: ({ status }: { status: string }) => ({ status }) },
  { method: "GET", path: "/ready", answer: readiness, status: { 503: 200 } },
  { method: "GET", path: "/api/ready", answer: readiness, status: { 503: 200 } },
  { method: "GET", path: "/api/info", answer: (body: Info) => system.earlierInfo(body) },
  { method: "GET", path: "/api/status", answer: (body: SystemStatus) => system.earlierSystemStatus(body) },
  { method: "GET", path: "/api/settings", answer: (body: Settings) => system.earlierSettings(body) },
  {
    method: "GET",
    path: "/api/characters",
    answer: async (body: Character[], beside: Beside) => {
      const all = await loras(beside);
      return body.map((character) => library.earlierCharacter(character, all));
    },
  },
  { method: "POST", path: "/api/characters", answer: oneCharacter },
  { method: "GET", path: "/api/characters/{id}", answer: oneCharacter },
  { method: "PATCH", path: "/api/characters/{id}", answer: oneCharacter },
  { method: "DELETE", path: "/api/characters/{id}" },
  { method: "POST", path: "/api/characters/{id}/images", answer: library.earlierUpload },
  {
    method: "GET",
    path: "/api/characters/{id}/images",
    answer: ({ images, count }: { images: Photo[]; count: number }) => ({
      images: images.map(library.earlierFileName),
      count,
    }),
  },
  { method: "GET", path: "/api/characters/{id}/images/{file}" },
  { method: "DELETE", path: "/api/characters/{id}/images/{file}" },
  ...work("training", 100),
  ...work("generation", 20),
  {
    method: "GET",
    path: "/api/loras",
    answer: (body: { loras: Lora[]; totalCount: number }) => ({
      loras: body.loras.map(library.earlierLora),
      total_count: body.totalCount,
    }),
  },
  { method: "GET", path: "/api/loras/{id}", answer: (body: Lora) => library.earlierLora(body) },
  { method: "DELETE", path: "/api/loras/{id}" },
  { method: "GET", path: "/api/jobs/{id}/logs", line: (line, ids) => jobs.earlierLogLine(ids[0]!, line) },
  {
    method: "GET",
    path: "/api/jobs/{id}/logs/view",
    query: logQuery,
    answer: (body: LogPage, { ids }: Beside) => jobs.earlierLogPage(ids[0]!, body),
  },
  {
    method: "GET",
    path: "/api/jobs/{id}/artifacts",
    answer: ({ artifacts }: { artifacts: Artifact[] }) => ({
      artifacts: artifacts.map(jobs.earlierArtifact),
      total_count: artifacts.length,
    }),
  },
  {
    method: "GET",
    path: "/api/jobs/{id}/summary",
    answer: async (body: Parameters<typeof jobs.earlierSummary>[0], { ids, look }: Beside) => {
      const errors = await look<LogPage>(`/api/jobs/${ids[0]}/logs/view?level=error&limit=1`);
      return jobs.earlierSummary(body, errors?.entries[0]?.message ?? null);
    },
  },
  {
    method: "POST",
    path: "/api/client-logs",
    answer: ({ received }: { received: number }, { correlationId }: Beside) => ({
      received,
      correlation_id: correlationId,
    }),
  },
];
