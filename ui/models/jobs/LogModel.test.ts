import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { LogEntry } from "../../../server/contract/log.ts";
import { waitFor } from "../../../server/testing/wait.ts";
import { createTestApp, type TestApp } from "../../testing/app.ts";
import { createLogModel, maxRows, type LogModel } from "./LogModel.ts";

const entry = (line: number, change: Partial<LogEntry> = {}): LogEntry => ({
  line, time: "2026-11-21T10:00:00.000Z", level: "info", event: "engine.line", message: `line ${line}`, fields: {}, ...change,
});
const ranks = { debug: 0, info: 1, warn: 2, error: 3 };

let stored: LogEntry[];
let test_: TestApp;
let model: LogModel;

/** The log routes of the server over `stored`. */
function answer(method: string, path: string): unknown {
  const url = new URL(path, "http://x");
  if (method !== "GET" || !url.pathname.endsWith("/logs/view")) return {};
  const query = (name: string) => url.searchParams.get(name);
  const minimum = ranks[(query("level") ?? "debug") as keyof typeof ranks];
  const all = stored.filter((item) => ranks[item.level] >= minimum && item.message.includes(query("search") ?? "") && item.line > Number(query("after") ?? 0));
  const offset = Number(query("offset") ?? 0);
  const limit = Number(query("limit") ?? 200);
  return { entries: all.slice(offset, offset + limit), total: all.length, lastLine: stored.at(-1)?.line ?? 0, hasMore: all.length > offset + limit };
}
const lines = () => model.rows.value.map((row) => (row.kind === "gap" ? `gap ${row.lines}` : row.entry.line));
const open = async (filter = {}) => {
  const { api, events, connection } = test_.app;
  model = createLogModel({ api, events, connection, source: { kind: "job", jobId: "job-1" }, filter });
  await waitFor("the log is loaded", () => !model.loading.value);
};
const arrive = (...entries: LogEntry[]) => {
  stored.push(...entries);
  test_.app.events.emit({ type: "job.log", jobId: "job-1", entries });
};

beforeEach(() => {
  stored = Array.from({ length: 1200 }, (_, index) => entry(index + 1));
  test_ = createTestApp(answer);
});
afterEach(() => {
  model.dispose();
  test_.dispose();
});

describe("a job's log", () => {
  test("shows the newest lines first and says how many are older", async () => {
    await open();
    expect(lines().at(0)).toBe(701);
    expect(lines().at(-1)).toBe(1200);
    expect(model.older.value).toBe(700);
    await model.loadOlder();
    expect(lines().at(0)).toBe(201);
    expect(model.older.value).toBe(200);
  });

  test("adds what arrives once, in order, and says where lines are missing", async () => {
    await open();
    arrive(entry(1201), entry(1202));
    test_.app.events.emit({ type: "job.log", jobId: "job-1", entries: [entry(1202)] });
    test_.app.events.emit({ type: "job.log", jobId: "job-2", entries: [entry(1300)] });
    arrive(entry(1210));
    expect(lines().slice(-4)).toEqual([1201, 1202, "gap 7", 1210]);
  });

  test("only counts new lines while it is paused, and fetches them afterwards", async () => {
    await open();
    model.follow(false);
    arrive(entry(1201), entry(1202));
    expect(model.newLines.value).toBe(2);
    expect(lines().at(-1)).toBe(1200);
    model.follow(true);
    await waitFor("the lines are there", () => lines().at(-1) === 1202);
    expect(model.newLines.value).toBe(0);
  });

  test("never keeps more rows than its limit", async () => {
    await open();
    for (let start = 1201; start < 9000; start += 500) arrive(...Array.from({ length: 500 }, (_, index) => entry(start + index)));
    expect(model.rows.value).toHaveLength(maxRows);
    expect(model.older.value).toBe(stored.length - maxRows);
    expect(lines().at(-1)).toBe(stored.length);
  });

  test("filters on the server, and what arrives by the same rule", async () => {
    stored.push(entry(1201, { level: "error", message: "broken" }));
    await open();
    model.setFilter({ level: "warn" });
    await waitFor("the filter is applied", () => model.rows.value.length === 1);
    arrive(entry(1202), entry(1203, { level: "warn" }));
    expect(lines()).toEqual([1201, 1203]);
    model.setFilter({ level: null, search: "nothing like this" });
    await waitFor("nothing is left", () => !model.loading.value && model.rows.value.length === 0);
  });

  test("fetches what it missed when the connection comes back", async () => {
    await open();
    test_.app.connection.start();
    stored.push(entry(1201), entry(1202));
    test_.sockets.at(-1)!.say({ type: "hello", epoch: "e1", seq: 1, build: "b1", resumed: true });
    await waitFor("the missed lines are there", () => lines().at(-1) === 1202);
    expect(lines().filter((line) => line === 1201)).toHaveLength(1);
  });

  test("watches its job as long as it is open", async () => {
    test_.app.connection.start();
    test_.sockets[0]!.say({ type: "hello", epoch: "e1", seq: 1, build: "b1", resumed: true });
    await open();
    expect(test_.sockets[0]!.sent).toEqual(['{"type":"watch","jobId":"job-1"}']);
    model.dispose();
    expect(test_.sockets[0]!.sent.at(-1)).toBe('{"type":"unwatch","jobId":"job-1"}');
  });
});
