import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Failure } from "../../contract/job.ts";
import { newId } from "../../base/ids.ts";
import { createLog } from "../../base/log.ts";
import { openLibrary, type TestLibrary } from "../../testing/library.ts";
import { JobStore } from "./store.ts";

let library: TestLibrary;
let store: JobStore;
let lines: Array<Record<string, unknown>>;
beforeEach(() => {
  library = openLibrary();
  lines = [];
  store = new JobStore(library.db, library.bus, createLog({ write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) }, "debug"));
});
afterEach(() => library.close());

const failure: Failure = { code: "vram", what: "The GPU ran out of memory.", why: "It holds 24 GB.", fix: "Use smaller pictures.", tail: [] };

function begin(): string {
  const job = store.insert({
    id: newId("job"), kind: "generation", title: "2 pictures of Ada", subject: "2 pictures", characterId: null, backend: "fake", priority: 0, simulated: false,
    correlationId: "cor-1", idempotencyKey: null, idempotencyHash: null, request: {}, frozen: {},
  });
  enter(job.id, "t1");
  return job.id;
}

function enter(id: string, token: string): void {
  store.claimNext("gpu", token);
  store.transition(id, "starting", { token, why: "The tool is being prepared." });
  store.transition(id, "running", { token, why: "The tool is at work." });
}

test("a job that failed stands in the log as an error with its kind, cause and way out, and every other step as what it is", () => {
  const id = begin();
  store.transition(id, "interrupted", { token: "t1", why: "The program was killed." });
  store.transition(id, "queued", { why: "It is tried again." });
  enter(id, "t2");
  store.transition(id, "failed", { token: "t2", why: failure.what, failure });
  const levels = Object.fromEntries(lines.map((line) => [line["event"], line["level"]]));
  expect(levels).toEqual({
    "job.queued": "info", "job.claimed": "info", "job.starting": "info", "job.running": "info", "job.interrupted": "warn", "job.failed": "error",
  });
  expect(lines.at(-1)).toMatchObject({ message: "Pictures: The GPU ran out of memory.", code: "vram", cause: "It holds 24 GB.", fix: "Use smaller pictures.", jobId: id });
});

test("a job tells when its newest attempt began, and a takeover after a restart of the server begins none", () => {
  const id = begin();
  const first = store.get(id)!;
  expect(first.attemptStartedAt! >= first.startedAt!).toBe(true);
  store.transition(id, "interrupted", { token: "t1", why: "The program was killed." });
  library.db.query("update job_event set at = '2020-01-01T00:00:00.000Z'").run();
  library.db.query("update job set started_at = '2020-01-01T00:00:00.000Z'").run();
  store.transition(id, "queued", { why: "again" });
  enter(id, "t2");
  const second = store.get(id)!;
  expect(second.startedAt).toBe("2020-01-01T00:00:00.000Z");
  expect(second.attemptStartedAt! > second.startedAt!).toBe(true);
  store.adopt(id, "t3", "restart");
  expect(store.get(id)!.attemptStartedAt).toBe(second.attemptStartedAt);
});
