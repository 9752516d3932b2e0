import { afterEach, describe, expect, test } from "bun:test";
import type { Job, QueueView } from "../../../server/contract/job.ts";
import { waitFor } from "../../../server/testing/wait.ts";
import { createTestApp, emptyServer, testJob, type TestApp } from "../../testing/app.ts";
import { createQueueModel, type QueueModel } from "./QueueModel.ts";

let open: TestApp;
let model: QueueModel;
const sent: Array<[string, unknown]> = [];
const waits = (id: string, change: Partial<Job> = {}) => testJob({ id, state: "queued", title: `Training ${id}`, ...change });
const ended = (id: string, finishedAt: string, change: Partial<Job> = {}) => testJob({ id, state: "succeeded", title: id, finishedAt, ...change });
const refused = () => Response.json({ error: { code: "conflict", what: "It runs already.", why: "", fix: "", correlationId: "cor-2" } }, { status: 409 });

async function start(view: Partial<QueueView> = {}, more: (method: string, path: string) => unknown = () => undefined) {
  const answer: QueueView = { paused: null, running: [], waiting: [], recent: [], ...view };
  open = createTestApp((method, path, body) => {
    if (method !== "GET") sent.push([`${method} ${path}`, body]);
    return more(method, path) ?? (path === "/api/queue" ? answer : emptyServer(method, path));
  });
  model = createQueueModel(open.app);
  await waitFor("the queue is loaded", () => model.resource.data.value !== null || model.resource.error.value !== null);
}
afterEach(() => {
  model.dispose();
  open.dispose();
  sent.length = 0;
});
const three = () => ({ waiting: ["a", "b", "c"].map((id, index) => ({ job: waits(id), startsInSeconds: index === 2 ? null : 60 * (index + 1) })) });
const order = () => model.waiting.value.map(({ id }) => id);

describe("the order of the queue", () => {
  test("is the server's, and a job that an event brings comes last until the server has placed it", async () => {
    await start({ ...three(), running: [testJob({ id: "r" })], recent: [ended("d", "2026-11-21T09:00:00.000Z")] });
    expect(order()).toEqual(["a", "b", "c"]);
    expect(model.running.value.map(({ id }) => id)).toEqual(["r"]);
    expect(model.ended.value.map(({ id }) => id)).toEqual(["d"]);
    open.app.events.emit({ type: "job.changed", job: waits("new", { createdAt: "2020-01-01T00:00:00.000Z" }) });
    expect(order()).toEqual(["a", "b", "c", "new"]);
    open.app.events.emit({ type: "job.changed", job: { ...waits("a"), state: "running" } });
    expect(order()).toEqual(["b", "c", "new"]);
  });

  test("tells when each starts, or that nobody knows", async () => {
    await start(three());
    expect((model.startOf("a")! - Date.now()) / 1000).toBeCloseTo(60, -1);
    expect(model.startOf("c")).toBeNull();
  });

  test.each([
    ["c", 0, ["c", "a", "b"], { before: "a" }],
    ["a", 1, ["b", "a", "c"], { before: "c" }],
    ["a", 99, ["b", "c", "a"], { after: "c" }],
  ] as const)("moving %s to %i is shown at once and sent as a neighbour", async (id, to, expected, body) => {
    await start(three());
    const moved = model.move(open.app.jobs.byId(id)!, to);
    expect(order()).toEqual([...expected]);
    expect(open.app.announcement.value).toContain(`Training ${id} is now number`);
    await moved;
    expect(sent).toEqual([[`POST /api/jobs/${id}/move`, body]]);
  });

  test("a move to where it is sends nothing", async () => {
    await start(three());
    await model.move(open.app.jobs.byId("b")!, 1);
    expect(sent).toEqual([]);
  });

  test("a refused move goes back and says so at the job", async () => {
    await start(three(), (method) => (method === "POST" ? refused() : undefined));
    await model.move(open.app.jobs.byId("c")!, 0);
    expect(order()).toEqual(["a", "b", "c"]);
    expect(model.errorOf("c")?.what).toBe("It runs already.");
    expect(model.errorOf("a")).toBeNull();
  });
});

describe("keeping up", () => {
  test("several events that come together lead to one new fetch", async () => {
    await start(three());
    const before = open.requests.length;
    for (const id of ["a", "b"]) open.app.events.emit({ type: "job.changed", job: waits(id) });
    open.app.events.emit({ type: "queue.changed", paused: { reason: "The disk is nearly full.", since: "2026-11-21T10:00:00.000Z" } });
    expect(model.resource.data.value?.paused?.reason).toBe("The disk is nearly full.");
    await waitFor("it is fetched", () => open.requests.length > before);
    expect(open.requests.slice(before)).toEqual(["GET /api/queue"]);
  });

  test("an event that overtakes the answer wins", async () => {
    open = createTestApp((_, path) => {
      if (path !== "/api/queue") return {};
      open.app.events.emit({ type: "job.changed", job: testJob({ id: "r", state: "succeeded" }) });
      return { paused: null, running: [testJob({ id: "r" })], waiting: [], recent: [] };
    });
    model = createQueueModel(open.app);
    await waitFor("the queue is loaded", () => model.resource.data.value !== null);
    expect(open.app.jobs.byId("r")?.state).toBe("succeeded");
  });

  test("a failed fetch is an error and not an empty queue", async () => {
    await start({}, (_, path) => (path === "/api/queue" ? refused() : undefined));
    expect(model.resource.error.value?.what).toBe("It runs already.");
    expect(model.resource.data.value).toBeNull();
  });
});

describe("what can be done", () => {
  test("pausing and going on", async () => {
    await start();
    await model.setPaused(true);
    await model.setPaused(false);
    expect(sent.map(([request]) => request)).toEqual(["POST /api/queue/pause", "POST /api/queue/resume"]);
  });

  test("retry and repeat bring their job back into the queue", async () => {
    await start({ recent: [ended("d", "2026-11-21T09:00:00.000Z", { state: "failed" })] }, (_, path) =>
      path.endsWith("/retry") ? waits("d") : path.endsWith("/repeat") ? waits("d2") : undefined);
    await model.retry(model.ended.value[0]!);
    expect(order()).toEqual(["d"]);
    await model.repeat(open.app.jobs.byId("d")!);
    expect(order().toSorted()).toEqual(["d", "d2"]);
  });

  test("delete can be undone, is sent later, and comes back with the reason when it is refused", async () => {
    await start({ recent: [ended("d", "2026-11-21T09:00:00.000Z")] }, (method) => (method === "DELETE" ? refused() : undefined));
    const job = model.ended.value[0]!;
    model.remove(job);
    expect(model.ended.value).toEqual([]);
    open.app.toasts.undoLast();
    expect(model.ended.value).toHaveLength(1);
    expect(sent).toEqual([]);
    model.remove(job);
    open.app.toasts.dismiss(open.app.toasts.toasts.value[0]!.id);
    expect(sent.map(([request]) => request)).toEqual(["DELETE /api/jobs/d"]);
    await waitFor("it is back", () => model.ended.value.length === 1);
    expect(model.errorOf("d")?.what).toBe("It runs already.");
  });
});
