import { basename, dirname } from "node:path";
import { t, type Elysia } from "elysia";
import { LogLevel, LogPage } from "../contract/log.ts";
import { wholeNumber } from "../contract/whole-number.ts";
import { AppError, notFound } from "../base/errors.ts";
import { safeOpen } from "../files/safe-open.ts";
import type { Log } from "../base/log.ts";
import { defaultLimit, maxLimit, type LogQuery } from "../logs/query.ts";
import type { JobLogs } from "../logs/job-log.ts";
import type { ServiceLogView } from "../logs/service-log.ts";
import { correlationOf } from "./gate/context.ts";
import { gives } from "./openapi/gives.ts";
import { takes } from "./input/takes.ts";
import { file } from "./openapi/answers.ts";
import { IdParams } from "./http/params.ts";
import { oldClientLogs } from "./v0/client-logs.ts";

export interface LogsDeps {
  readonly jobLogs: JobLogs;
  readonly serviceLog: ServiceLogView;
  jobExists(id: string): boolean;
  readonly log: Log;
  readonly now?: () => number;
}

const oldNames = { search: "text" };
const viewQuery = t.Object({
  level: t.Optional(LogLevel),
  event: t.Optional(t.String({ maxLength: 100 })),
  text: t.Optional(t.String({ maxLength: 200 })),
  correlationId: t.Optional(t.String({ maxLength: 64 })),
  since: t.Optional(t.String({ maxLength: 40, pattern: "^\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z$" })),
  after: t.Optional(wholeNumber({ minimum: 0 })),
  offset: t.Optional(wholeNumber({ minimum: 0 })),
  limit: t.Optional(wholeNumber({ minimum: 1, maximum: maxLimit })),
  tail: t.Optional(t.Boolean()),
});

const clientEntry = t.Object({
  time: t.Optional(t.String({ maxLength: 40 })),
  level: LogLevel,
  message: t.String({ maxLength: 8192, lines: true }),
  event: t.Optional(t.String({ maxLength: 100 })),
  context: t.Optional(t.Record(t.String({ maxLength: 100 }), t.Unknown())),
});
const entryLimit = 8 * 1024;
const logsLimitBytes = 512 * 1024;
const requestsPerMinute = 60;

const ClientLogs = t.Object({ entries: t.Array(clientEntry, { maxItems: 50 }) });
const tags = ["logs"];

/** Reading logs, and taking those of the browser. */
export function logsApi(deps: LogsDeps) {
  const mayPass = minuteLimit(requestsPerMinute, deps.now ?? Date.now);
  return (http: Elysia) => http
    .get("/api/jobs/:id/logs/view", ({ params: { id }, query }) => {
      requireJob(deps, id);
      return deps.jobLogs.view(id, queryOf(query));
    }, {
      ...takes({ params: IdParams, query: viewQuery, oldQuery: oldNames }), ...gives({ 200: LogPage }), detail: { summary: "A job's log, filtered, a page at a time", tags },
    })
    .get("/api/jobs/:id/logs", ({ params: { id } }) => download(deps, id), {
      ...takes({ params: IdParams }), detail: { summary: "A job's log as JSON lines", tags, ...file("application/x-ndjson") },
    })
    .get("/api/logs/view", ({ query }) => deps.serviceLog.view(queryOf(query)), {
      ...takes({ query: viewQuery, oldQuery: oldNames }), ...gives({ 200: LogPage }), detail: { summary: "Isengard's own log, filtered, a page at a time", tags },
    })
    .post("/api/client-logs", ({ body, request, set }) => {
      if (!mayPass()) {
        throw new AppError("too_many_requests", "This page sends too many log entries.", {
          why: `At most ${requestsPerMinute} requests a minute are taken.`,
        });
      }
      body.entries.forEach(checkSize);
      const log = deps.log.child({ correlationId: correlationOf(request) });
      for (const { level, event, message, time, context } of body.entries) {
        log[level](`browser.${event ?? "log"}`, message, { browserTime: time, context });
      }
      set.status = 201;
      return { received: body.entries.length };
    }, {
      ...takes({ body: ClientLogs, old: oldClientLogs, limitBytes: logsLimitBytes }), ...gives({ 201: t.Object({ received: t.Number() }) }),
      detail: { summary: "Log lines of a browser", tags },
    });
}

function requireJob(deps: LogsDeps, id: string): void {
  if (!deps.jobExists(id)) throw notFound("job", id);
}

function queryOf(query: typeof viewQuery.static): LogQuery {
  return { ...query, limit: query.limit ?? defaultLimit };
}

/** The file as it is on the disk. Bun answers Range requests for a file by itself. */
function download(deps: LogsDeps, id: string): Response {
  requireJob(deps, id);
  const path = deps.jobLogs.fileOf(id);
  deps.jobLogs.flush(id);
  const file = safeOpen(dirname(path), basename(path));
  const headers = {
    "content-type": "application/x-ndjson; charset=utf-8",
    "content-disposition": `attachment; filename="${id}.jsonl"`,
    "cache-control": "no-store",
  };
  return new Response(file ?? "", { headers });
}

function checkSize(entry: typeof clientEntry.static, index: number): void {
  if (JSON.stringify(entry).length <= entryLimit) return;
  throw new AppError("too_large", "A log entry of the page is too large.", {
    why: `Entry ${index + 1} has more than ${entryLimit / 1024} KiB.`, fix: "Send a shorter message or less context.",
  });
}

/** Counts over everybody: behind a proxy all addresses look alike. */
function minuteLimit(count: number, now: () => number): () => boolean {
  let times: number[] = [];
  return () => {
    const minuteAgo = now() - 60_000;
    times = times.filter((at) => at > minuteAgo);
    if (times.length >= count) return false;
    times.push(now());
    return true;
  };
}
