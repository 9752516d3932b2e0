import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { appendFileSync, closeSync, openSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { LogEntry, LogLevel } from "../contract/log.ts";
import { createBus } from "../events/bus.ts";
import { newId } from "../base/ids.ts";
import { createLog } from "../base/log.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { JobLogs } from "./job-log.ts";
import type { LogQuery } from "./query.ts";
import { Redactor } from "./redact.ts";
import { RotatingFile } from "./rotating-file.ts";
import { ServiceLogView } from "./service-log.ts";
import { viewLog } from "./view.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());
const jobId = newId("job");
const logs = new JobLogs({ folder: join(folder.path, "jobs"), redactor: new Redactor([]), bus: createBus((error) => { throw error; }) });
const levels: LogLevel[] = ["debug", "info", "info", "info", "warn", "info", "error"];
const words = ["Größe", "step", "CUDA out of memory", 'quoted "text"', "ok\nsecond", "end", "Zürich"];
/** Changes its length in lower case; only in the first chunk, so that both ways of searching are taken. */
const odd = "İstanbul";

/** What the page must be, by the definition of the query on all entries. */
function byDefinition(all: readonly LogEntry[], query: LogQuery) {
  const rank = { debug: 0, info: 1, warn: 2, error: 3 };
  const text = query.text?.toLowerCase() ?? "";
  const left = all.filter((entry) =>
    entry.line > (query.after ?? 0) && rank[entry.level] >= rank[query.level ?? "debug"] && entry.event.startsWith(query.event ?? "") &&
    (text === "" || [entry.message, entry.event, ...Object.values(entry.fields).map(String)].some((part) => part.toLowerCase().includes(text))));
  const offset = query.offset ?? 0;
  const limit = query.limit ?? 200;
  const end = query.tail ? Math.max(0, left.length - offset) : Math.min(left.length, offset + limit);
  const start = query.tail ? Math.max(0, end - limit) : offset;
  return { entries: left.slice(start, end), total: left.length, lastLine: all.length, hasMore: query.tail ? start > 0 && end > 0 : end < left.length && start < left.length };
}

describe("a view of a job's log", () => {
  let all: LogEntry[] = [];
  beforeAll(async () => {
    const log = logs.open(jobId, { correlationId: "cor-a" });
    for (let index = 0; index < 5000; index++) {
      const event = index % 3 === 0 ? "tool.line" : index % 3 === 1 ? "tool.exit" : "job.progress";
      log.write(levels[index % levels.length]!, event, `${index % 100 === 7 && index < 500 ? odd : words[(index * 5) % words.length]} ${index} ${"pad ".repeat(index % 40)}`, index % 10 === 0 ? { step: index, note: "Sampled" } : undefined);
    }
    log.close();
    for (let after = 0; after < 5000; after += 1000) all.push(...(await logs.view(jobId, { after, limit: 1000 })).entries);
  });

  test("without filters is the whole log, page by page", () => {
    expect(all.map((entry) => entry.line)).toEqual(Array.from({ length: 5000 }, (_, index) => index + 1));
  });

  const filters: LogQuery[] = [
    {}, { level: "info" }, { level: "warn" }, { level: "error" }, { event: "tool." }, { event: "job.progress", level: "error" },
    { text: "cuda OUT" }, { text: "größe" }, { text: "GRÖSSE" }, { text: 'd "t' }, { text: "sampled" }, { text: "k\nsec" }, { text: "no such text" },
    { text: "i̇stanbul" }, { text: "step", level: "warn" }, { text: "tool.ex" }, { text: "4990" }, { text: "\\n" },
  ];
  const places: LogQuery[] = [
    { limit: 1 }, { limit: 7, offset: 3 }, { limit: 1000 }, { tail: true, limit: 5 }, { tail: true, limit: 5, offset: 4 }, { tail: true, limit: 1000, offset: 4990 },
    { after: 4321, limit: 10 }, { after: 4990, tail: true, limit: 50 }, { after: 5000 }, { after: 9999 }, { offset: 4999, limit: 10 }, { offset: 6000 }, { tail: true, offset: 9000 }, {},
  ];
  for (const filter of filters) {
    test(`with the filter ${JSON.stringify(filter)} filters before it pages, wherever the page is`, async () => {
      for (const place of places) {
        const query = { ...filter, ...place };
        const page = await logs.view(jobId, query);
        expect({ query, ...page, lastLine: 0 }).toEqual({ query, ...byDefinition(all, query), lastLine: 0 });
      }
    });
  }

  test("of a job without a log is empty", async () => {
    expect(await logs.view(newId("job"), {})).toEqual({ entries: [], total: 0, lastLine: 0, hasMore: false });
  });

  test("shows what was written a moment ago", async () => {
    const id = newId("job");
    const log = logs.open(id, { correlationId: "cor-a" });
    log.write("info", "a", "just now");
    expect((await logs.view(id, {})).entries.map((entry) => entry.message)).toEqual(["just now"]);
    log.close();
  });

  test("leaves out damage: half lines, foreign lines and lines beyond 1 MiB", async () => {
    const path = join(folder.path, "damaged.jsonl");
    const entry = (line: number, message: string) => `{"line":${line},"time":"t","level":"info","event":"a","message":${JSON.stringify(message)}}\n`;
    writeFileSync(path, `${entry(1, "one")}not json\n{"line":2,"broken\n${entry(3, "x".repeat(1_500_000))}${entry(4, "four")}`);
    appendFileSync(path, '{"line":5,"torn');
    for (const query of [{}, { text: "o" }, { level: "info" as const }, { tail: true, limit: 2 }]) {
      const page = await viewLog([path], query);
      expect(page.entries.filter((found) => found.message.length < 1000).map((found) => found.message)).toContain("four");
      expect(page.lastLine).toBe(4);
    }
    expect((await viewLog([path], {})).entries.map((found) => found.message)).toEqual(["one", "four"]);
  });
});

describe("a view of the service log", () => {
  test("covers the files that rotation put aside, and filters by correlation id", async () => {
    const path = join(folder.path, "service.jsonl");
    const file = new RotatingFile({ path, redactor: new Redactor([]), maxBytes: 5000, maxFiles: 4 });
    const log = createLog(file, "debug");
    for (let index = 0; index < 100; index++) {
      const child = log.child({ correlationId: `cor-${index % 5}` });
      if (index % 4 === 0) child.warn("request.slow", `request ${index}`, { path: "/api/jobs" });
      else child.info("request.done", `request ${index}`, { nested: { correlationId: "cor-3" } });
    }
    file.close();
    const view = new ServiceLogView(path);
    const all = await view.view({ limit: 1000 });
    expect(all.entries.map((entry) => entry.message)).toEqual(Array.from({ length: all.total }, (_, index) => `request ${100 - all.total + index}`));
    expect(all.total).toBeGreaterThan(50);
    const mine = await view.view({ correlationId: "cor-3" });
    expect(mine.entries.map((entry) => entry.line)).toEqual(all.entries.filter((entry) => entry.fields["correlationId"] === "cor-3").map((entry) => entry.line));
    const slow = await view.view({ event: "request.slow", tail: true, limit: 3 });
    expect(slow.entries.map((entry) => entry.message)).toEqual(["request 88", "request 92", "request 96"]);
    expect((await view.view({ level: "warn", text: "REQUEST 9", correlationId: "cor-2" })).entries.map((entry) => entry.message)).toEqual(["request 92"]);
  });
});

describe("a log of 1,000,000 lines and 200 MB", () => {
  const big = join(folder.path, "big.jsonl");
  beforeAll(() => {
    const fd = openSync(big, "w");
    for (let block = 0; block < 1000; block++) {
      const lines: string[] = [];
      for (let index = 1; index <= 1000; index++) {
        const line = block * 1000 + index;
        const level = line % 1000 === 0 ? "warn" : "info";
        lines.push(`{"line":${line},"time":"2026-11-21T00:00:00.000Z","level":"${level}","event":"tool.line","message":"portrait:  42%|####2     | ${line}/1000000 [01:22<01:53,  2.55it/s, lr: 1.0e-04 loss: 3.214e-01]","jobId":"${jobId}","correlationId":"cor-a","run":"train-1","offset":${line * 90}}\n`);
      }
      writeSync(fd, lines.join(""));
    }
    closeSync(fd);
    expect(statSync(big).size).toBeGreaterThan(200_000_000);
  });

  const queries: Array<[LogQuery, number, number]> = [
    [{ tail: true, limit: 200 }, 1_000_000, 999_801],
    [{ offset: 500_000, limit: 10 }, 1_000_000, 500_001],
    [{ after: 999_990 }, 10, 999_991],
    [{ level: "warn", tail: true, limit: 1 }, 1000, 1_000_000],
    [{ text: "| 777777/" }, 1, 777_777],
    [{ level: "info", limit: 1 }, 1_000_000, 1],
    [{ text: "portrait", level: "warn" }, 1000, 1000],
  ];
  for (const [query, total, first] of queries) {
    test(`answers ${JSON.stringify(query)} in bounded memory`, async () => {
      Bun.gc(true);
      const before = process.memoryUsage.rss();
      const start = performance.now();
      const page = await viewLog([big], query);
      const ms = performance.now() - start;
      const growth = (process.memoryUsage.rss() - before) / 1e6;
      console.log(`view ${JSON.stringify(query)}: ${ms.toFixed(0)} ms, ${growth.toFixed(0)} MB more memory`);
      expect([page.total, page.entries[0]?.line]).toEqual([total, first]);
      expect(growth).toBeLessThan(250);
    });
  }
});

describe("writing a child's output", () => {
  test("the sustained speed is printed, nothing is lost, and memory stays bounded", async () => {
    const id = newId("job");
    const log = logs.open(id, { correlationId: "cor-a" });
    const text = "portrait:  42%|####2     | 210/500 [01:22<01:53,  2.55it/s, lr: 1.0e-04 loss: 3.214e-01]";
    const count = 400_000;
    const before = process.memoryUsage.rss();
    const start = performance.now();
    for (let index = 1; index <= count; index++) log.write("info", "tool.line", text, { run: "train-1", offset: index * (text.length + 1) });
    logs.flushAll();
    const seconds = (performance.now() - start) / 1000;
    console.log(`write: ${((count * (text.length + 1)) / 1e6 / seconds).toFixed(0)} MB/s of output, ${(count / seconds / 1000).toFixed(0)} thousand lines/s`);
    expect((process.memoryUsage.rss() - before) / 1e6).toBeLessThan(200);
    expect(log.lastOffset("train-1")).toBe(count * (text.length + 1));
    expect((await logs.view(id, { tail: true, limit: 1 })).entries[0]!.line).toBe(count);
    log.close();
  });
});
