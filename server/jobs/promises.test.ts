import { afterEach, beforeEach, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { JobState } from "../contract/job.ts";
import { AppError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import { waitFor } from "../testing/wait.ts";
import { allStates, isFinal, transitions } from "./store/states.ts";
import { maxOpenJobs } from "./store/insert.ts";
import type { NewJob } from "./store/rows.ts";
import { untilStopped } from "./testing/fake-backends.ts";
import { openRig, type Rig } from "./testing/rig.ts";

// Promises of the queue that no other test names by itself.
let rig: Rig;
beforeEach(() => { rig = openRig(); });
afterEach(() => rig.close());

const failure = { code: "vram", what: "Out of memory.", why: "", fix: "", tail: [] };
const draft = (over: Partial<NewJob> = {}): NewJob => ({
  id: newId("job"), kind: "generation", title: "1 picture", subject: "1 picture", characterId: null, backend: "fake", priority: 0, simulated: false,
  correlationId: "cor-1", idempotencyKey: null, idempotencyHash: null, request: { prompt: "x" }, frozen: { v: 1 }, ...over,
});

test("Q2: whichever write of a change fails, none of it is there", () => {
  const { store, actions } = rig.jobs;
  const broken = (work: () => unknown) => {
    rig.db.run("create trigger broken before insert on job_event begin select raise(abort, 'disk I/O error'); end");
    expect(work).toThrow("disk I/O error");
    rig.db.run("drop trigger broken");
  };
  const rows = () => JSON.stringify(rig.db.query("select * from job order by seq").all());
  broken(() => store.insert(draft()));
  expect(rows()).toBe("[]");
  const { id } = store.insert(draft());
  let before = rows();
  broken(() => store.claimNext("gpu", "t"));
  broken(() => store.requestStop(id, "stop"));
  expect(rows()).toBe(before);
  store.claimNext("gpu", "t");
  before = rows();
  broken(() => store.transition(id, "starting", { token: "t", why: "test" }));
  broken(() => store.adopt(id, "other", "test"));
  expect(rows()).toBe(before);
  store.transition(id, "failed", { token: "t", why: "test", failure });
  before = rows();
  broken(() => actions.retry(id));
  expect(rows()).toBe(before);
});

test("Q6: a job that has run for 72 hours is only adopted, for time is no evidence of death", async () => {
  rig.painter.work = async (_job, host) => { await untilStopped(host); return { kind: "stopped" }; };
  rig.start();
  const { id } = rig.paint();
  await waitFor("it is entered", () => rig.painter.calls === 1);
  rig.db.query("update job set started_at = ?, created_at = ?1 where id = ?").run(new Date(Date.now() - 72 * 3_600_000).toISOString(), id);
  await rig.restart();
  await waitFor("it is entered again", () => rig.painter.calls === 2);
  await rig.round();
  expect(rig.jobs.store.get(id)).toMatchObject({ attempt: 1, failure: null });
  expect(rig.path(id)).not.toContain("interrupted");
});

test("Q15: in every state that is not final, and only there, a second training of a character is refused", () => {
  const { store } = rig.jobs;
  for (const state of allStates) {
    const { id: characterId } = rig.character(`C${state}`);
    const first = store.insert(draft({ kind: "training", characterId, subject: "the training" }));
    rig.db.query("update job set state = ?, finished_at = ?, lane = ? where id = ?").run(state, isFinal(state) ? "now" : null, state, first.id);
    let code = "accepted";
    try {
      store.insert(draft({ kind: "training", characterId }));
    } catch (error) {
      code = error instanceof AppError ? error.code : String(error);
    }
    expect([state, code]).toEqual([state, isFinal(state) ? "accepted" : "conflict"]);
    const insert = () => rig.db.query(
      `insert into job (id, seq, kind, state, title, character_id, backend, correlation_id, request, frozen, created_at)
       select ?, max(seq) + 1, 'training', 'queued', '', ?, '', '', '', '', '' from job`).run(newId("job"), characterId);
    expect(insert, state).toThrow("UNIQUE");
  }
});

test("Q18, F04: two hundred drains under load: each lets go, and nothing is claimed afterwards", async () => {
  rig.painter.work = async (_job, host) => {
    await Promise.race([untilStopped(host), Bun.sleep(3)]);
    return { kind: "failed", failure };
  };
  const claims = () => rig.db.query<{ n: number }, []>("select count(*) as n from job_event where to_state = 'claimed'").get()!.n;
  rig.start();
  for (let round = 0; round < 200; round++) {
    const { dispatcher } = rig.jobs;
    for (let index = 0; index < 3; index++) rig.paint();
    await Bun.sleep(round % 5);
    await dispatcher.stop();
    const before = claims();
    rig.paint();
    dispatcher.wake();
    await Bun.sleep(1);
    expect(claims()).toBe(before);
    await rig.restart();
  }
}, 60_000);

test("Q23: a full queue refuses a new job and a retry in words, answers repeats, and takes jobs again once one has ended", async () => {
  const { id: ended } = rig.paint();
  rig.jobs.queue.cancel(ended);
  const key = { correlationId: "cor-1", idempotencyKey: "key-1" };
  const last = () => rig.jobs.queue.submitGeneration({ prompt: "the last", count: 1 }, key);
  rig.db.run(
    `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${maxOpenJobs - 1})
     insert into job (id, seq, kind, state, title, subject, backend, correlation_id, request, frozen, created_at)
     select 'job-' || i, i + 10, 'generation', 'queued', 'waiting', 'waiting', 'fake', 'cor', '{}', '{}', '' from n`,
  );
  const { id } = last();
  const full = { code: "too_many_requests", message: "The queue is full.", why: expect.stringContaining("10,000 jobs"), fix: expect.stringContaining("stop those") };
  const refusal = (work: () => unknown) => {
    try {
      work();
      return null;
    } catch (error) {
      return error;
    }
  };
  expect(refusal(() => rig.paint())).toMatchObject(full);
  expect(refusal(() => rig.jobs.actions.retry(ended))).toMatchObject(full);
  expect(last().id).toBe(id);
  rig.jobs.queue.cancel("job-1");
  expect(rig.paint().state).toBe("queued");
});

test("Q24: the lines of the log for a life of a job are exactly these", async () => {
  rig.waitScale = 0.001;
  rig.painter.work = async (_job, host) => {
    host.progress({ stages: [], step: 1, totalSteps: 2, fraction: null, speed: "", loss: null, learningRate: null, message: "" });
    return { kind: "failed", failure: { ...failure, code: host.attempt === 1 ? "network" : "vram" } };
  };
  rig.start();
  const { id } = rig.paint();
  await rig.until(id, "failed");
  rig.jobs.actions.retry(id);
  rig.jobs.queue.cancel(id);
  const lines = rig.said.filter((line) => line["jobId"] === id).map((line) =>
    [line["event"], line["from"] ?? "-", line["to"], line["attempt"], line["token"] === null ? "-" : "token", line["correlationId"], line["msg"] ?? line["message"]].join(" | "));
  const golden = readFileSync(join(import.meta.dir, "testing", "transitions.golden.txt"), "utf8");
  expect(`${lines.join("\n")}\n`).toBe(golden);
  expect(lines).toHaveLength(rig.jobs.store.history(id).length);
  for (const step of rig.jobs.store.history(id)) {
    const retried = step.from !== null && isFinal(step.from) && step.to === "queued";
    expect(step.from === null || retried || transitions[step.from].includes(step.to as JobState)).toBe(true);
  }
});
