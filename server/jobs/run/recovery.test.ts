import { afterEach, beforeEach, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { join } from "node:path";
import type { JobState } from "../../contract/job.ts";
import { waitFor } from "../../testing/wait.ts";
import type { ImageOutcome } from "../../../plugins/interfaces/image.ts";
import { untilStopped } from "../testing/fake-backends.ts";
import { openRig, type Rig, succeed } from "../testing/rig.ts";

let rig: Rig;
beforeEach(() => { rig = openRig(); });
afterEach(() => rig.close());

const failure = { code: "cuda_oom", what: "Out of memory.", why: "", fix: "", tail: [] };
/** How the tool answers when it is asked again after the restart. */
const answers: Record<string, ImageOutcome> = {
  "it had ended well": { kind: "failed", failure: { ...failure, code: "ended" } },
  "it was lost": { kind: "interrupted", why: "Its process is gone." },
  "it had failed": { kind: "failed", failure },
  "it had stopped": { kind: "stopped" },
};

/** Puts a job into a state as a killed server would have left it. */
function plant(state: JobState): string {
  const { id } = rig.paint();
  const { store } = rig.jobs;
  const path: Record<string, JobState[]> = {
    claimed: [], starting: ["starting"], running: ["starting", "running"], interrupted: ["interrupted"], snoozed: ["snoozed"],
    stopping: ["starting", "running"],
  };
  store.claimNext("gpu", "dead");
  for (const to of path[state]!) store.transition(id, to, { token: "dead", why: "before the crash" });
  if (state === "stopping") store.requestStop(id, "Stopped by the user.");
  expect(rig.state(id)).toBe(state);
  return id;
}

for (const state of ["claimed", "starting", "running"] as const) {
  for (const [name, answer] of Object.entries(answers)) {
    test(`Q7: a job that was ${state} is entered again with the same attempt; ${name}`, async () => {
      const id = plant(state);
      const attempts: number[] = [];
      rig.painter.work = async (_job, host) => {
        attempts.push(host.attempt);
        return attempts.length === 1 ? answer : { kind: "failed", failure: { ...failure, code: "second" } };
      };
      rig.start();
      const end = await rig.until(id, "failed");
      const again = answer.kind === "interrupted" || answer.kind === "stopped";
      expect(attempts).toEqual(again ? [1, 2] : [1]);
      expect(end.failure!.code).toBe(again ? "second" : (answer.kind === "failed" ? answer.failure.code : ""));
      expect(rig.path(id).filter((to) => to === "succeeded" || to === "failed" || to === "cancelled")).toHaveLength(1);
    });
  }
}

for (const [name, answer] of Object.entries(answers)) {
  test(`Q8: a wish to stop survives the crash and is never queued again; ${name}`, async () => {
    const id = plant("stopping");
    let wasAborted = false;
    rig.painter.work = async (_job, host) => {
      wasAborted = host.signal.aborted;
      return answer;
    };
    rig.start();
    await rig.until(id, answer.kind === "failed" ? "failed" : "cancelled");
    expect(wasAborted).toBe(true);
    expect(rig.painter.calls).toBe(1);
    expect(rig.path(id)).not.toContain("interrupted");
  });
}

for (const state of ["interrupted", "snoozed"] as const) {
  test(`Q7: a job that was ${state} is queued again at the next start`, async () => {
    const id = plant(state);
    rig.painter.work = async () => ({ kind: "failed", failure });
    rig.start();
    await rig.until(id, "failed");
    expect(rig.painter.calls).toBe(1);
  });
}

test("Q11: fifty restarts during one job use one attempt and leave no error", async () => {
  let mayEnd = false;
  rig.trainer.work = async (_job, host) => {
    host.progress({ stages: [], step: 1, totalSteps: 2, fraction: null, speed: "", loss: null, learningRate: null, message: "" });
    host.log("info", "test.line", "said once");
    if (mayEnd) return succeed(host);
    await untilStopped(host);
    return { kind: "stopped" };
  };
  const { id } = rig.train(rig.character().id);
  rig.start();
  await rig.until(id, "running");
  for (let round = 0; round < 50; round++) {
    const before = rig.trainer.calls;
    mayEnd = round === 49;
    await rig.restart();
    await waitFor("the job is entered again", () => rig.trainer.calls > before);
  }
  expect(await rig.until(id, "succeeded")).toMatchObject({ attempt: 1, failure: null });
  expect(rig.trainer.calls).toBe(51);
  const page = await rig.jobLogs.view(id, { limit: 100 });
  expect(page.entries.filter((entry) => entry.message === "said once")).toHaveLength(1);
});

test("Q18: letting go changes no state and happens at once, also when the tool does not notice", async () => {
  rig.painter.work = () => Promise.withResolvers<ImageOutcome>().promise;
  rig.start();
  const running = rig.paint();
  const waiting = rig.paint();
  await waitFor("the tool works", () => rig.painter.calls === 1);
  await waitFor("the reason is shown", () => rig.jobs.store.get(waiting.id)!.waiting);
  const events = () => rig.db.query<{ n: number }, []>("select count(*) as n from job_event").get()!.n;
  const before = [events(), rig.state(running.id), rig.state(waiting.id)];
  await rig.jobs.dispatcher.stop();
  rig.paint();
  await rig.round();
  expect([events() - 1, rig.state(running.id), rig.state(waiting.id)]).toEqual(before as [number, JobState, JobState]);
  expect(rig.painter.calls).toBe(1);
});

test("Q5: a tool that goes on working for a server that has let go can write nothing", async () => {
  let late: unknown = null;
  const resume = Promise.withResolvers<void>();
  rig.painter.work = async (_job, host) => {
    if (rig.painter.calls > 1) return { kind: "failed", failure };
    await resume.promise;
    try {
      host.remember("key", "late");
    } catch (error) {
      late = error;
    }
    return { kind: "succeeded" };
  };
  rig.start();
  const { id } = rig.paint();
  await waitFor("the tool works", () => rig.painter.calls === 1);
  await rig.restart();
  await rig.until(id, "failed");
  resume.resolve();
  await waitFor("the late write was refused", () => late);
  expect(late).toMatchObject({ name: "LetGo" });
  expect(rig.state(id)).toBe("failed");
});

test("Q1, F01: every acknowledged submit survives kill -9, twenty times at random moments", async () => {
  const acknowledged: string[] = [];
  const script = join(import.meta.dir, "../testing", "submit-loop.ts");
  rig.db.run("pragma locking_mode = normal");
  await rig.close();
  const root = rig.paths.root;
  for (let round = 0; round < 20; round++) {
    const child = Bun.spawn([process.execPath, script, root], { stdout: "pipe", stderr: "inherit" });
    const reader = child.stdout.getReader();
    const deadline = performance.now() + 5000;
    let text = "";
    const wanted = 1 + Math.floor(Math.random() * 40);
    while (text.split("\n").length <= wanted && performance.now() < deadline) {
      const { value, done } = await reader.read();
      if (done) break;
      text += new TextDecoder().decode(value);
    }
    child.kill("SIGKILL");
    await child.exited;
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      text += new TextDecoder().decode(value);
    }
    acknowledged.push(...text.split("\n").slice(0, -1));
  }
  const db = new Database(join(root, "data", "state.db"));
  const stored = new Set(db.query<{ id: string }, []>("select id from job").all().map((row) => row.id));
  const halves = db.query<{ n: number }, []>("select count(*) as n from job where id not in (select job_id from job_event)").get()!.n;
  const check = db.query<{ integrity_check: string }, []>("pragma integrity_check").get()!.integrity_check;
  db.close();
  expect(acknowledged.length).toBeGreaterThan(20);
  expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
  expect([halves, check]).toEqual([0, "ok"]);
}, 60_000);
