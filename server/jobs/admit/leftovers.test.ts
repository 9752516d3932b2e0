import { afterEach, beforeEach, expect, test } from "bun:test";
import { cpSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { identify } from "../../process/identity.ts";
import { findMarked } from "../../process/marker.ts";
import { readExit, readHolder } from "../../process/records.ts";
import { runHeld } from "../../process/run.ts";
import { waitFor } from "../../testing/wait.ts";
import { untilStopped } from "../testing/fake-backends.ts";
import { openRig, type Rig } from "../testing/rig.ts";

let rig: Rig;
const self = [process.execPath, join(import.meta.dir, "../../process", "testing-hold.ts")];
const started: string[] = [];
beforeEach(() => { rig = openRig(); });
afterEach(async () => {
  await rig.close();
  const left = started.splice(0).flatMap(findMarked);
  for (const each of left) process.kill(each.pid, "SIGKILL");
  expect(left).toEqual([]);
}, 60_000);

/** A child as an earlier server left it: alive, under its holder, with nobody who watches. */
async function leaveChild(jobId: string, attempt: number, script = "trap 'echo asked to stop; exit 0' INT; while :; do sleep 0.05; done", jobs = rig.paths.jobs) {
  const dir = join(jobs, jobId, `attempt-${attempt}`, "train");
  const runId = `${jobId}.${attempt}.train`;
  started.push(runId);
  const server = new AbortController();
  const { promise: runs, resolve } = Promise.withResolvers<void>();
  const watching = runHeld({
    dir, runId, correlationId: "cor-test", self, log: rig.log, signal: new AbortController().signal, detach: server.signal,
    command: { file: "/bin/sh", args: ["-c", script], cwd: "/tmp", env: {}, columns: 80, stop: [{ signal: "SIGINT", target: "leader", waitMs: 20_000 }] },
    onLine: () => {}, onStarted: () => resolve(),
  });
  await runs;
  server.abort();
  await watching.catch(() => {});
  expect(findMarked(runId).length).toBeGreaterThan(0);
  return { dir, runId };
}

const notice = () => rig.jobs.leftovers.checks()[0];

test("F67, P12: a child that a restored database does not know is asked to stop and told, and no job begins before it is gone", async () => {
  const { dir, runId } = await leaveChild("job-of-the-future", 1, "trap 'sleep 1; exit 0' INT; while :; do sleep 0.05; done");
  rig.painter.work = async () => {
    expect(findMarked(runId)).toEqual([]);
    return { kind: "failed", failure: { code: "seen", what: "It ran.", why: "", fix: "", tail: [] } };
  };
  rig.jobs.leftovers.start();
  expect(notice()).toMatchObject({ state: "warning", detail: expect.stringContaining("Still stopping: attempt 1 of job-of-the-future, a job that is not in the database") });
  const { id } = rig.paint();
  rig.start();
  await waitFor("the job says what it waits for", () => rig.jobs.store.get(id)!.waiting?.code === "leftover");
  expect(await rig.until(id, "failed")).toMatchObject({ failure: { code: "seen" } });
  expect(readExit(dir)).toMatchObject({ kind: "exited", code: 0 });
  expect(notice()).toMatchObject({ id: "leftovers", state: "warning", detail: expect.stringContaining("and stopped: attempt 1 of job-of-the-future"), fix: expect.stringContaining("Nothing has to be done") });
  expect(rig.said.map((line) => line["event"])).toEqual(expect.arrayContaining(["leftover.found", "leftover.stopped"]));
}, 60_000);

test("F67, P12: a child of a job that has ended, or of another attempt than the one that runs, is stopped; the one that runs is left alone", async () => {
  rig.painter.work = async () => ({ kind: "failed", failure: { code: "done", what: "", why: "", fix: "", tail: [] } });
  rig.trainer.work = async (_job, host) => {
    await untilStopped(host);
    return { kind: "stopped" };
  };
  const over = rig.paint();
  rig.start();
  await rig.until(over.id, "failed");
  const training = rig.train(rig.character().id);
  await waitFor("it trains", () => rig.trainer.calls === 1);
  const children = [await leaveChild(over.id, 1), await leaveChild(training.id, 2)];
  const wanted = await leaveChild(training.id, 1);
  rig.jobs.leftovers.start();
  await waitFor("both are gone", () => rig.jobs.leftovers.waiting() === null);
  for (const { runId } of children) expect(findMarked(runId)).toEqual([]);
  expect(findMarked(wanted.runId).length).toBeGreaterThan(0);
  expect(notice()!.detail).toContain(`(${over.id}), which is failed`);
  rig.jobs.queue.cancel(training.id);
  await rig.until(training.id, "cancelled");
  rig.jobs.leftovers.start();
  await waitFor("the last is gone", () => rig.jobs.leftovers.waiting() === null);
}, 60_000);

test("F08, P12: a child that outlived its killed holder is found by its mark and stopped", async () => {
  const { dir, runId } = await leaveChild("job-without-holder", 1, "trap '' HUP; trap 'exit 0' INT TERM; while :; do sleep 0.05; done");
  process.kill(readHolder(dir)!.holderPid, "SIGKILL");
  await waitFor("the holder is gone", () => identify(readHolder(dir)!.holderPid) === null);
  rig.jobs.leftovers.start();
  await waitFor("it is gone", () => rig.jobs.leftovers.waiting() === null);
  expect(findMarked(runId)).toEqual([]);
  expect(readExit(dir)).toMatchObject({ kind: "lost" });
}, 60_000);

test("P12: a child whose folder was deleted is stopped with its holder, and no folder is made for it", async () => {
  const { dir, runId } = await leaveChild("job-without-folder", 3);
  const holder = identify(readHolder(dir)!.holderPid)!;
  rmSync(join(rig.paths.jobs, "job-without-folder"), { recursive: true });
  rig.jobs.leftovers.start();
  await waitFor("it is gone", () => rig.jobs.leftovers.waiting() === null);
  expect(findMarked(runId)).toEqual([]);
  await waitFor("its holder is gone", () => identify(holder.pid)?.start !== holder.start);
  expect(existsSync(join(rig.paths.jobs, "job-without-folder"))).toBe(false);
}, 60_000);

test("P12: a child that another Isengard runs in a folder of which ours is a copy is left alone", async () => {
  const elsewhere = join(rig.paths.root, "elsewhere");
  const { runId } = await leaveChild("job-of-another", 1, undefined, elsewhere);
  cpSync(join(elsewhere, "job-of-another"), join(rig.paths.jobs, "job-of-another"), { recursive: true });
  rig.jobs.leftovers.start();
  expect([rig.jobs.leftovers.waiting(), notice()]).toEqual([null, undefined]);
  const [living] = findMarked(runId);
  process.kill(living!.pid, "SIGINT");
  await waitFor("it ended as it was asked", () => findMarked(runId).length === 0);
}, 60_000);

test("Q18: the end of the server does not wait for a leftover; the next server goes on with it", async () => {
  const { dir, runId } = await leaveChild("job-that-is-slow", 1, "trap 'sleep 2; exit 0' INT; while :; do sleep 0.05; done");
  rig.jobs.leftovers.start();
  await waitFor("it was asked to stop", () => existsSync(join(dir, "stop.json")));
  rig.jobs.leftovers.stop();
  await rig.restart();
  rig.jobs.leftovers.start();
  await waitFor("it is gone", () => rig.jobs.leftovers.waiting() === null);
  expect(findMarked(runId)).toEqual([]);
}, 60_000);
