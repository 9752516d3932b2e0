import { afterEach, beforeEach, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ToolCommand, ToolHost } from "../../../plugins/plugin.ts";
import { findMarked } from "../../process/marker.ts";
import { readHolder } from "../../process/records.ts";
import { waitFor } from "../../testing/wait.ts";
import { openRig, type Rig, succeed } from "../testing/rig.ts";

// Real children under real holders.
let rig: Rig;
beforeEach(() => { rig = openRig(); });
afterEach(async () => {
  const runs = rig.jobs.store.list({ limit: 50 }).flatMap((job) => [1, 2, 3].map((attempt) => `${job.id}.${attempt}.train`));
  const left = runs.flatMap(findMarked);
  for (const each of left) process.kill(each.pid, "SIGKILL");
  await rig.close();
  expect(left).toEqual([]);
});

const shell = (host: ToolHost, script: string): ToolCommand => ({
  file: "/bin/sh", args: ["-c", script], cwd: host.attemptDir, env: {}, columns: 250,
  stop: [{ signal: "SIGINT", target: "leader", waitMs: 200 }, { signal: "SIGTERM", target: "group", waitMs: 200 }, { signal: "SIGKILL", target: "group", waitMs: 5000 }],
});
const logOf = async (id: string) => (await rig.jobLogs.view(id, { limit: 1000 })).entries.filter((entry) => entry.event === "tool.line");

test("Q7, Q11: a child goes on while the server is away, and its log has each line once", async () => {
  const gate = join(rig.paths.root, "gate");
  const seen: string[][] = [];
  rig.trainer.work = async (_job, host) => {
    const lines: string[] = [];
    seen.push(lines);
    const outcome = await host.run("train", shell(host, `for i in 1 2 3; do echo line $i; done; while [ ! -e ${gate} ]; do sleep 0.02; done; echo last; echo ran >> ${gate}`), (line) => lines.push(line.text));
    expect(outcome).toEqual({ kind: "exited", code: 0, stopped: false });
    return succeed(host);
  };
  rig.start();
  const { id } = rig.train(rig.character().id);
  await waitFor("three lines have come", () => seen[0]?.length === 3);
  for (let round = 1; round <= 3; round++) {
    await rig.restart();
    await waitFor("the lines have come again", () => seen[round]?.length === 3);
  }
  writeFileSync(gate, "");
  expect(await rig.until(id, "succeeded")).toMatchObject({ attempt: 1 });
  expect(seen.at(-1)).toEqual(["line 1", "line 2", "line 3", "last"]);
  expect((await logOf(id)).map((entry) => entry.message)).toEqual(["line 1", "line 2", "line 3", "last"]);
  expect(readFileSync(gate, "utf8")).toBe("ran\n");
});

test("Q9, F11: cancelled is written only when a child that ignores signals is gone with its whole group", async () => {
  const begun = Promise.withResolvers<void>();
  rig.trainer.work = async (_job, host) => {
    const script = "trap '' INT TERM; (trap '' INT TERM; sleep 60) & echo up; sleep 60";
    const outcome = await host.run("train", shell(host, script), () => begun.resolve());
    return "stopped" in outcome && outcome.stopped ? { kind: "stopped" } : { kind: "interrupted", why: "unexpected" };
  };
  rig.start();
  const { id } = rig.train(rig.character().id);
  await begun.promise;
  const run = `${id}.1.train`;
  expect(findMarked(run).length).toBeGreaterThan(0);
  rig.bus.subscribe(({ event }) => {
    if (event.type === "job.changed" && event.job.state === "cancelled") expect(findMarked(run)).toEqual([]);
  });
  expect(rig.jobs.queue.cancel(id).state).toBe("stopping");
  await rig.until(id, "cancelled");
});

test("Q8: a wish to stop that was stored before a crash stops the child after the restart", async () => {
  const begun = Promise.withResolvers<void>();
  rig.trainer.work = async (_job, host) => {
    const outcome = await host.run("train", shell(host, "echo up; exec sleep 60"), () => begun.resolve());
    return "stopped" in outcome && outcome.stopped ? { kind: "stopped" } : { kind: "interrupted", why: "unexpected" };
  };
  rig.start();
  const { id } = rig.train(rig.character().id);
  await begun.promise;
  await rig.jobs.dispatcher.stop();
  expect(rig.jobs.queue.cancel(id).state).toBe("stopping");
  expect(findMarked(`${id}.1.train`)).not.toEqual([]);
  await rig.restart();
  await rig.until(id, "cancelled");
  expect(findMarked(`${id}.1.train`)).toEqual([]);
});

test("Q6: a child that is killed, and one that is killed with its holder, is noticed within two seconds", async () => {
  const runs: Array<{ childPid: number; holderPid: number }> = [];
  rig.trainer.work = async (_job, host) => {
    const outcome = await host.run("train", shell(host, "echo up; exec sleep 60"), () => runs.push(readHolder(join(host.attemptDir, "train"))!));
    return { kind: "interrupted", why: `It ended: ${outcome.kind}.` };
  };
  rig.start();
  const { id } = rig.train(rig.character().id);
  for (const attempt of [1, 2]) {
    const { childPid, holderPid } = await waitFor("the child is up", () => runs[attempt - 1]);
    expect(rig.jobs.store.get(id)).toMatchObject({ state: "running", attempt });
    for (const pid of attempt === 1 ? [childPid] : [holderPid, childPid]) process.kill(pid, "SIGKILL");
    await waitFor("its end is in the history", () => rig.path(id).filter((to) => to === "interrupted").length === attempt, 2_000);
  }
  await waitFor("the third attempt is up", () => runs[2]);
  rig.jobs.queue.cancel(id);
  await rig.until(id, "cancelled");
});

test("a backend that throws while its child runs leaves no process behind, and only then has the job failed", async () => {
  const begun = Promise.withResolvers<void>();
  rig.trainer.work = async (_job, host) => {
    void host.run("train", shell(host, "echo up; exec sleep 60"), () => begun.resolve());
    await begun.promise;
    throw new Error("a mistake in the plugin");
  };
  rig.start();
  const { id } = rig.train(rig.character().id);
  const failed = await rig.until(id, "failed");
  expect(failed.failure).toMatchObject({ code: "internal", why: "a mistake in the plugin" });
  expect(findMarked(`${id}.1.train`)).toEqual([]);
});

test("a parser that stumbles over a line does not end the training", async () => {
  rig.trainer.work = async (_job, host) => {
    await host.run("train", shell(host, "echo one; echo two"), () => { throw new Error("not understood"); });
    return succeed(host);
  };
  rig.start();
  const { id } = rig.train(rig.character().id);
  await rig.until(id, "succeeded");
  const page = await rig.jobLogs.view(id, { limit: 100 });
  expect(page.entries.filter((entry) => entry.event === "job.line-not-understood")).toHaveLength(1);
});
