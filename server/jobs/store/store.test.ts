import { afterEach, beforeEach, expect, test } from "bun:test";
import { AppError } from "../../base/errors.ts";
import { newId } from "../../base/ids.ts";
import { JobStore } from "./store.ts";
import type { NewJob } from "./rows.ts";
import { openLibrary, type TestLibrary } from "../../testing/library.ts";
import { createLog } from "../../base/log.ts";

let library: TestLibrary;
let store: JobStore;
let lines: Array<Record<string, unknown>>;
beforeEach(() => {
  library = openLibrary();
  lines = [];
  store = new JobStore(library.db, library.bus, createLog({ write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) }, "debug"));
});
afterEach(() => library.close());

const draft = (over: Partial<NewJob> = {}): NewJob => ({
  id: newId("job"), kind: "generation", title: "1 picture", subject: "1 picture", characterId: null, backend: "fake", priority: 0, simulated: false,
  correlationId: "cor-1", idempotencyKey: null, idempotencyHash: null, request: { prompt: "x" }, frozen: { v: 1 }, ...over,
});

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return "none";
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
};

test("Q3: two hundred submits with one key make one job and get equal answers", async () => {
  const answers = await Promise.all(Array.from({ length: 200 }, async () => {
    await Promise.resolve();
    return store.insert(draft({ idempotencyKey: "key-1", idempotencyHash: "a" }));
  }));
  expect(new Set(answers.map((job) => JSON.stringify(job))).size).toBe(1);
  expect(store.list({ limit: 500 })).toHaveLength(1);
  expect(store.history(answers[0]!.id)).toHaveLength(1);
  expect(codeOf(() => store.insert(draft({ idempotencyKey: "key-1", idempotencyHash: "b" })))).toBe("conflict");
});

test("Q16: jobs are claimed by priority and then in the order of submission, one at a time", () => {
  const [first, second, urgent] = [draft(), draft(), draft({ priority: 5 })].map((job) => store.insert(job));
  const order: string[] = [];
  for (let claim = store.claimNext("gpu", "t"); claim !== null; claim = store.claimNext("gpu", "t")) {
    expect(store.claimNext("gpu", "other")).toBeNull();
    order.push(claim.job.id);
    store.transition(claim.job.id, "failed", { token: "t", why: "test" });
  }
  expect(order).toEqual([urgent!.id, first!.id, second!.id]);
});

test("Q15, Q17: the database itself refuses a second lease and a second open training of a character", () => {
  const one = store.insert(draft());
  const two = store.insert(draft());
  store.claimNext("gpu", "t");
  expect(() => library.db.query("update job set state = 'running' where id = ?").run(two.id)).toThrow(/job_lease|UNIQUE/);
  expect(store.get(one.id)!.state).toBe("claimed");
  const { id } = library.characters.create({ name: "Ada" });
  store.insert(draft({ kind: "training", characterId: id, subject: "the training of Ada" }));
  expect(codeOf(() => store.insert(draft({ kind: "training", characterId: id })))).toBe("conflict");
});

test("Q5: whoever holds an old token can write nothing any more, and the refusal is logged", () => {
  const { notes } = store;
  const { id } = store.insert(draft());
  store.claimNext("gpu", "old");
  store.transition(id, "starting", { token: "old", why: "test" });
  store.transition(id, "running", { token: "old", why: "test" });
  expect(store.adopt(id, "new", "restart")).toMatchObject({ token: "new", job: { attempt: 1, state: "running" } });
  expect(store.transition(id, "succeeded", { token: "old", why: "late" })).toBe("refused");
  expect(store.transition(id, "succeeded", { why: "no token" })).toBe("refused");
  expect(notes.saveProgress(id, "old", progressAt(3))).toBe(false);
  notes.addWarning(id, "old", "late");
  notes.addResult(id, "old", "out-1");
  expect(store.get(id)).toMatchObject({ state: "running", progress: null, warnings: [], results: [] });
  expect(lines.filter((line) => line["event"] === "job.refused")).toHaveLength(2);
  expect(notes.saveProgress(id, "new", progressAt(3))).toBe(true);
  expect(store.transition(id, "succeeded", { token: "new", why: "done", results: ["out-2"] })).toMatchObject({ state: "succeeded", results: ["out-2"] });
});

test("Q2: a change that the table forbids changes nothing and leaves no event", () => {
  const { id } = store.insert(draft());
  expect(store.transition(id, "running", { why: "jump" })).toBe("refused");
  expect(store.transition("job-none", "queued", { why: "x" })).toBe("refused");
  expect(store.history(id).map((step) => step.to)).toEqual(["queued"]);
});

test("Q24: each change is one line of the log with job, attempt, token and correlation id, and one event with the whole job", () => {
  const { id } = store.insert(draft());
  store.claimNext("gpu", "tok");
  expect(lines.map((line) => line["event"])).toEqual(["job.queued", "job.claimed"]);
  expect(lines[1]).toMatchObject({ jobId: id, attempt: 1, from: "queued", to: "claimed", token: "tok", correlationId: "cor-1" });
  expect(library.events.map((event) => event.type)).toEqual(["job.changed", "job.changed"]);
  expect(library.events[1]).toMatchObject({ job: { id, state: "claimed", attempt: 1 } });
});

test("Q10: a snooze gives its attempt back", () => {
  const { id } = store.insert(draft());
  for (let round = 0; round < 50; round++) {
    store.claimNext("gpu", "t");
    store.transition(id, "snoozed", { token: "t", why: "no room", waiting: { code: "gpu_memory", text: "Waits." } });
    expect(store.get(id)).toMatchObject({ attempt: 0, waiting: { text: "Waits." } });
    store.transition(id, "queued", { why: "again" });
  }
  expect(store.claimNext("gpu", "t")!.job.attempt).toBe(1);
});

test("warnings and results are kept once, and warnings have a limit", () => {
  const { notes } = store;
  const { id } = store.insert(draft());
  store.claimNext("gpu", "t");
  for (let index = 0; index < 60; index++) notes.addWarning(id, "t", `warning "${index % 55}"`);
  for (const result of ["out-1", "out-2", "out-1"]) notes.addResult(id, "t", result);
  expect(store.get(id)!.warnings).toHaveLength(50);
  expect(store.get(id)!.warnings[1]).toBe('warning "1"');
  expect(store.get(id)!.results).toEqual(["out-1", "out-2"]);
  notes.remember(id, "key", "a");
  notes.remember(id, "key", "b");
  expect(notes.recall(id, "key")).toBe("b");
  expect(notes.recall(id, "other")).toBeNull();
});

test("lists are filtered, newest first, and can be paged", () => {
  const jobs = Array.from({ length: 5 }, () => store.insert(draft()));
  store.requestStop(jobs[1]!.id, "test");
  const ids = (filter: Parameters<JobStore["list"]>[0]) => store.list(filter).map((job) => jobs.findIndex((each) => each.id === job.id));
  expect(ids({ limit: 2 })).toEqual([4, 3]);
  expect(ids({ limit: 2, before: jobs[3]!.id })).toEqual([2, 1]);
  expect(ids({ limit: 9, states: ["cancelled"] })).toEqual([1]);
  expect(ids({ limit: 9, kind: "training" })).toEqual([]);
});

function progressAt(step: number) {
  return {
    stages: [], step, totalSteps: 10, fraction: null, etaSeconds: null, speed: "", loss: null, learningRate: null, message: "",
    updatedAt: "2026-01-01T00:00:00.000Z",
  };
}

test("Q23: a hundred thousand ended jobs slow neither the list nor the next claim", () => {
  for (let index = 0; index < 40; index++) store.insert(draft());
  const few = fastestRound("job-1");
  library.db.run(
    `with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)
     insert into job (id, seq, kind, state, title, backend, correlation_id, request, frozen, created_at, finished_at)
     select 'job-' || i, i + 1000, 'generation', 'succeeded', 'old', 'fake', 'cor', '{}', printf('%.*c', 500, 'x'), '', '' from n`,
  );
  // Beside each other in the same run, the fastest of each: what reads the whole table takes hundreds of times as long.
  expect(fastestRound("job-50000") / few).toBeLessThan(20);
}, 60_000);

/** Milliseconds of what the page and the dispatcher ask, the best of 20. */
function fastestRound(before: string): number {
  const times = Array.from({ length: 20 }, () => {
    const start = performance.now();
    store.active();
    store.queued(100);
    store.list({ limit: 50, kind: "generation", before });
    const { job } = store.claimNext("gpu", "t")!;
    store.transition(job.id, "failed", { token: "t", why: "test" });
    return performance.now() - start;
  });
  return Math.min(...times);
}
