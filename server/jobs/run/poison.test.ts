import { afterEach, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import { waitFor } from "../../testing/wait.ts";
import type { ImageOutcome } from "../../../plugins/interfaces/image.ts";
import { isAhead, poisonLimit, suspicionAfter } from "./poison.ts";
import { ServerLife } from "./server-life.ts";
import { untilStopped } from "../testing/fake-backends.ts";
import { openRig, type Rig } from "../testing/rig.ts";

let rig: Rig;
beforeEach(() => { rig = openRig(); });
afterEach(() => rig.close());

const progress = (step: number) => ({ stages: [], step, totalSteps: 100, fraction: null, speed: "", loss: null, learningRate: null, message: "" });
const entered = (calls: number) => waitFor(`the tool is entered (${calls})`, () => rig.painter.calls === calls);
const hold = () => { rig.painter.work = async (_job, host) => { await untilStopped(host); return { kind: "stopped" }; }; };

test("Q13: a job with which the server crashed twice is ended and parked with its evidence; a third start does not happen", async () => {
  hold();
  rig.start();
  const { id } = rig.paint();
  await entered(1);
  await rig.kill("crashed");
  await entered(2);
  expect(rig.state(id)).not.toBe("failed");
  const stopsAt: boolean[] = [];
  rig.painter.work = async (_job, host) => {
    stopsAt.push(host.signal.aborted);
    return { kind: "stopped" };
  };
  await rig.kill("crashed");
  const { failure } = await rig.until(id, "failed");
  expect(failure).toMatchObject({ code: "server_died" });
  expect(failure!.tail.filter((line) => line.includes("ended with an error of its own"))).toHaveLength(1);
  expect(stopsAt).toEqual([true]);
  await rig.restart();
  await rig.round();
  expect([rig.state(id), rig.painter.calls]).toEqual(["failed", 3]);

  hold();
  expect(rig.jobs.actions.retry(id)).toMatchObject({ state: "queued", failure: null });
  await entered(4);
  await rig.kill("crashed");
  await entered(5);
  expect(rig.state(id)).not.toBe("failed");
});

test("Q13: a server that is killed again and again harms no job that gets ahead, and ten times in a row one that does not", async () => {
  let step = 0;
  rig.painter.work = async (_job, host) => {
    host.progress(progress(step));
    await untilStopped(host);
    return { kind: "stopped" };
  };
  rig.start();
  const { id } = rig.paint();
  for (let round = 1; round <= 30; round++) {
    step++;
    await entered(round);
    await waitFor("the step is stored", () => rig.jobs.store.row(id)!.progress?.includes(`"step":${step}`));
    await rig.kill();
  }
  await entered(31);
  expect(rig.jobs.store.get(id)).toMatchObject({ attempt: 1 });
  for (let round = 1; round < poisonLimit; round++) {
    await rig.kill();
    await entered(31 + round);
  }
  expect(rig.state(id)).not.toBe("failed");
  await rig.kill();
  expect((await rig.until(id, "failed")).failure!.code).toBe("server_died");
}, 30_000);

test("Q13: a clean stop is held against nobody, and the person's stop wins over the suspicion", async () => {
  rig.painter.work = () => Promise.withResolvers<ImageOutcome>().promise;
  rig.start();
  const { id } = rig.paint();
  for (let round = 1; round <= 12; round++) {
    await entered(round);
    await rig.restart();
  }
  await entered(13);
  expect(rig.jobs.store.row(id)!.suspicion).toBe(0);
  rig.jobs.queue.cancel(id);
  rig.painter.work = async () => ({ kind: "stopped" });
  await rig.kill("crashed");
  await rig.until(id, "cancelled");
});

test("Q13: even when ending it brings the server down, the job is parked without being entered again", async () => {
  hold();
  rig.start();
  const { id } = rig.paint();
  await entered(1);
  await rig.kill("crashed");
  await entered(2);
  rig.painter.work = () => Promise.withResolvers<ImageOutcome>().promise;
  await rig.kill("crashed");
  await entered(3);
  await rig.kill("crashed");
  const { failure } = await rig.until(id, "failed");
  expect(failure!.why).toContain("a process of it may still run");
  expect(rig.painter.calls).toBe(3);
});

test("the suspicion grows with evidence, and without evidence only while nothing gets ahead", () => {
  expect(suspicionAfter(0, "drained", false)).toBe(0);
  expect([suspicionAfter(4, "unknown", true), suspicionAfter(4, "unknown", false)]).toEqual([0, 5]);
  expect([suspicionAfter(0, "crashed", true), suspicionAfter(5, "memory", true)]).toEqual([5, 10]);
  expect(isAhead(null, null)).toBe(false);
  expect(isAhead(JSON.stringify(progress(5)), JSON.stringify(progress(5)))).toBe(false);
  expect(isAhead(JSON.stringify(progress(5)), JSON.stringify(progress(4)))).toBe(false);
  expect(isAhead(JSON.stringify(progress(5)), JSON.stringify(progress(6)))).toBe(true);
  expect(isAhead("{ not json", JSON.stringify(progress(0)))).toBe(true);
});

test("how a life of the server ended is told apart: as asked, by an error, out of memory, without a word", () => {
  let kills = 3;
  const lives = Array.from({ length: 4 }, () => new ServerLife(rig.db, () => kills));
  for (const life of lives.slice(0, 3)) life.begin();
  lives[0]!.drained();
  expect(lives[3]!.endOf(lives[0]!.id)).toBe("drained");
  expect(lives[3]!.endOf(lives[1]!.id)).toBe("unknown");
  kills++;
  expect(lives[3]!.endOf(lives[1]!.id)).toBe("memory");
  expect(lives[1]!.endOf(lives[1]!.id)).toBe("drained");
  for (const life of lives.slice(1, 3)) life.drained();
});

test("an error that nobody caught marks the life as crashed, a kill -9 does not", async () => {
  const script = join(import.meta.dir, "../testing", "server-life.ts");
  const end = async (how: string) => {
    rig.db.run("delete from server_run");
    const path = join(rig.paths.root, `${how}.db`);
    const child = Bun.spawn([process.execPath, script, path, how], { stdout: "pipe", stderr: "ignore" });
    await new Response(child.stdout).text();
    await child.exited;
    const { Database } = await import("bun:sqlite");
    const db = new Database(path);
    const row = db.query<{ how: string | null }, []>("select how from server_run").get();
    db.close();
    return row?.how;
  };
  expect([await end("throw"), await end("kill"), await end("drain")]).toEqual(["crashed", null, "drained"]);
});
