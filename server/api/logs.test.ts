import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Elysia } from "elysia";
import type { LogPage } from "../contract/log.ts";
import { createBus } from "../events/bus.ts";
import { newId } from "../base/ids.ts";
import { createLog } from "../base/log.ts";
import { JobLogs } from "../logs/job-log.ts";
import { Redactor } from "../logs/redact.ts";
import { RotatingFile } from "../logs/rotating-file.ts";
import { ServiceLogView } from "../logs/service-log.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { logsApi } from "./logs.ts";
import { onError } from "./gate/on-error.ts";

const folder = temporaryFolder();
const jobId = newId("job");
const fresh = newId("job");
const jobLogs = new JobLogs({ folder: join(folder.path, "jobs"), redactor: new Redactor([]), bus: createBus((error) => { throw error; }) });
const path = join(folder.path, "service.jsonl");
const sink = new RotatingFile({ path, redactor: new Redactor([]) });
const log = createLog(sink, "debug");
let now = 1_000_000;
const app = new Elysia()
  .use(onError(log))
  .use(logsApi({ jobLogs, serviceLog: new ServiceLogView(path), jobExists: (id) => id === jobId || id === fresh, log, now: () => now }));
let url = "";

beforeAll(() => {
  app.listen({ hostname: "127.0.0.1", port: 0 });
  url = `http://127.0.0.1:${app.server!.port}/api`;
  const writer = jobLogs.open(jobId, { correlationId: "cor-a" });
  for (let index = 1; index <= 500; index++) writer.write(index % 50 === 0 ? "error" : "info", "tool.line", `line ${index}`);
  writer.close();
});
afterAll(async () => {
  await app.stop(true);
  sink.close();
  folder.remove();
});

const get = async (place: string, headers: Record<string, string> = {}) => fetch(`${url}${place}`, { headers });
const view = async (query: string) => (await (await get(`/jobs/${jobId}/logs/view?${query}`)).json()) as LogPage;
const post = (entries: unknown) => fetch(`${url}/client-logs`, { method: "POST", body: JSON.stringify({ entries }), headers: { "content-type": "application/json" } });

describe("the log view", () => {
  test("filters before it pages, and knows the earlier system's word for text", async () => {
    const page = await view("level=error&limit=3&offset=2");
    expect(page).toMatchObject({ total: 10, lastLine: 500, hasMore: true });
    expect(page.entries.map((entry) => entry.message)).toEqual(["line 150", "line 200", "line 250"]);
    expect((await view("search=LINE 49&tail=true&limit=2")).entries.map((entry) => entry.message)).toEqual(["line 498", "line 499"]);
    expect((await view("after=498")).entries.map((entry) => entry.line)).toEqual([499, 500]);
    expect((await view("")).entries.length).toBe(200);
  });

  test.each(["limit=0", "limit=1001", "limit=x", "level=loud", "offset=-1", `text=${"x".repeat(201)}`])("refuses %s with a sentence", async (query) => {
    const answer = await get(`/jobs/${jobId}/logs/view?${query}`);
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ error: { code: "invalid_input" } });
  });

  test.each(["job-unknown", "..%2f..%2fservice", newId("job"), "%2e%2e%2fservice.jsonl"])("answers 404 for the job %s", async (id) => {
    for (const place of [`/jobs/${id}/logs`, `/jobs/${id}/logs/view`]) {
      const answer = await get(place);
      expect(answer.status).toBe(404);
      expect(await answer.json()).toMatchObject({ error: { code: "not_found" } });
    }
  });

  test("refuses a path in which nothing is named", async () => {
    expect((await get("/jobs/%00/logs")).status).toBe(422);
  });

  test("of the service is filtered by correlation id", async () => {
    log.child({ correlationId: "cor-wanted" }).info("a.b", "the one");
    log.child({ correlationId: "cor-other" }).info("a.b", "another");
    const page = (await (await get("/logs/view?correlationId=cor-wanted")).json()) as LogPage;
    expect(page.entries.map((entry) => entry.message)).toEqual(["the one"]);
  });
});

describe("the log download", () => {
  test("is the whole file as an attachment", async () => {
    const answer = await get(`/jobs/${jobId}/logs`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-disposition")).toBe(`attachment; filename="${jobId}.jsonl"`);
    expect(await answer.text()).toBe(readFileSync(jobLogs.fileOf(jobId), "utf8"));
  });

  test("can be resumed with a Range", async () => {
    const whole = readFileSync(jobLogs.fileOf(jobId), "utf8");
    const answer = await get(`/jobs/${jobId}/logs`, { range: "bytes=1000-1999" });
    expect(answer.status).toBe(206);
    expect(answer.headers.get("content-range")).toBe(`bytes 1000-1999/${whole.length}`);
    expect(await answer.text()).toBe(whole.slice(1000, 2000));
  });

  test("of a job that has no log yet is empty", async () => {
    const answer = await get(`/jobs/${fresh}/logs`);
    expect([answer.status, await answer.text()]).toEqual([200, ""]);
  });
});

describe("logs of the browser", () => {
  test("arrive in the service log with their level and event, redacted", async () => {
    const answer = await post([{ time: "2026-11-21T00:00:00Z", level: "error", message: "boom token=abcdefgh12345", event: "page.error", context: { page: "/train" } }]);
    expect([answer.status, await answer.json()]).toEqual([201, { received: 1 }]);
    const page = (await (await get("/logs/view?event=browser.&level=error")).json()) as LogPage;
    expect(page.entries.at(-1)).toMatchObject({ event: "browser.page.error", message: "boom token=[redacted]", fields: { context: { page: "/train" }, correlationId: "cor-none" } });
  });

  test("are refused when there are too many or one is too large", async () => {
    const entry = { time: "t", level: "info", message: "x" };
    expect((await post(Array.from({ length: 51 }, () => entry))).status).toBe(422);
    expect((await post([{ ...entry, context: { big: "x".repeat(8200) } }])).status).toBe(413);
    expect((await post([{ ...entry, message: "x".repeat(8193) }])).status).toBe(422);
    expect((await post("nonsense")).status).toBe(422);
  });

  test("are refused beyond 60 requests a minute, and taken again a minute later", async () => {
    now += 120_000;
    for (let index = 0; index < 60; index++) expect((await post([])).status).toBe(201);
    const refused = await post([]);
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ error: { code: "too_many_requests" } });
    now += 61_000;
    expect((await post([])).status).toBe(201);
  });
});
