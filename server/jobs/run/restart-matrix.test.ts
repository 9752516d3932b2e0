import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ToolCommand, ToolHost } from "../../../plugins/plugin.ts";
import { identify } from "../../process/identity.ts";
import { findMarked } from "../../process/marker.ts";
import { readHolder, type HolderRecord } from "../../process/records.ts";
import { waitFor } from "../../testing/wait.ts";
import { openRig, type Rig, succeed } from "../testing/rig.ts";

// What a server finds at its start: {what lives, what died} × {how far the job was}, with real children under real holders.
let rig: Rig;
const strangers: Array<ReturnType<typeof Bun.spawn>> = [];
beforeEach(() => { rig = openRig(); });
afterEach(async () => {
  const left = rig.jobs.store.list({ limit: 10 }).flatMap((job) => findMarked(`${job.id}.1.train`));
  for (const each of left) process.kill(each.pid, "SIGKILL");
  for (const each of strangers.splice(0)) {
    each.kill("SIGKILL");
    await each.exited;
  }
  await rig.close();
  expect(left).toEqual([]);
});

const stop: ToolCommand["stop"] = [{ signal: "SIGKILL", target: "group", waitMs: 5_000 }];
const shell = (host: ToolHost, script: string): ToolCommand => ({ file: "/bin/sh", args: ["-c", script], cwd: host.attemptDir, env: {}, columns: 250, stop });
const failure = { code: "vram", what: "The second attempt.", why: "", fix: "", tail: [] };

/** A training whose child runs, in the given state; nothing of the server is left. */
async function abandon(state: "starting" | "running" | "stopping") {
  const gate = join(rig.paths.root, "gate");
  rig.trainer.work = async (_job, host) => {
    if (host.attempt > 1) return { kind: "failed", failure };
    const script = `trap '' HUP; echo up; while [ ! -e ${gate} ]; do sleep 0.02; done; exit 0`;
    const outcome = await host.run("train", shell(host, script), () => {});
    if (outcome.kind === "exited" && outcome.code === 0) return succeed(host);
    if ("stopped" in outcome && outcome.stopped && outcome.kind !== "lost") return { kind: "stopped" };
    return { kind: "interrupted", why: "why" in outcome ? outcome.why : "It was killed." };
  };
  rig.start();
  const { id } = rig.train(rig.character().id);
  const dir = join(rig.paths.jobs, id, "attempt-1", "train");
  await waitFor("the child prints", () => existsSync(join(dir, "pty.log")) && readFileSync(join(dir, "pty.log")).length > 0);
  await rig.jobs.dispatcher.stop();
  if (state === "starting") rig.db.query("update job set state = 'starting' where id = ?").run(id);
  if (state === "stopping") rig.jobs.queue.cancel(id);
  expect(rig.state(id)).toBe(state);
  return { id, dir, gate, holder: readHolder(dir)! };
}

async function kill(pid: number): Promise<void> {
  process.kill(pid, "SIGKILL");
  await waitFor(`${pid} is gone`, () => {
    const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, "latin1") : "";
    return stat === "" || stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
  });
}

/** After a reboot the numbers of the records belong to programs of others, even with the same start time. */
function reboot(dir: string, holder: HolderRecord) {
  const [one, other] = [Bun.spawn(["/bin/sleep", "60"]), Bun.spawn(["/bin/sleep", "60"])];
  strangers.push(one, other);
  const bootId = "00000000-0000-0000-0000-000000000000";
  const [first, second] = [identify(one.pid)!, identify(other.pid)!];
  writeFileSync(join(dir, "claim.json"), JSON.stringify({ holder: { ...first, bootId } }));
  writeFileSync(join(dir, "holder.json"), JSON.stringify({
    ...holder, bootId, holderPid: first.pid, holderStart: first.start, childPid: second.pid, childStart: second.start,
  }));
}

const worlds = {
  "the holder lives": async () => {},
  "the holder died and the child lives": async (_dir: string, holder: HolderRecord) => kill(holder.holderPid),
  "both died": async (_dir: string, holder: HolderRecord) => {
    await kill(holder.holderPid);
    await kill(holder.childPid);
  },
  "the machine was started again": async (dir: string, holder: HolderRecord) => {
    await kill(holder.holderPid);
    await kill(holder.childPid);
    reboot(dir, holder);
  },
} as const;

for (const [world, happens] of Object.entries(worlds)) {
  for (const state of ["starting", "running", "stopping"] as const) {
    test(`Q7: a training that was ${state} is settled when ${world}`, async () => {
      const { id, dir, gate, holder } = await abandon(state);
      const survives = world === "the holder lives";
      await happens(dir, holder);
      const lives = survives || world === "the holder died and the child lives";
      await waitFor(`the child ${lives ? "lives" : "is gone"}`, () => findMarked(`${id}.1.train`).length > 0 === lives);
      rig.waitScale = 0.001;
      await rig.restart();
      if (survives && state !== "stopping") {
        await waitFor("it is entered again", () => rig.trainer.calls === 2);
        writeFileSync(gate, "");
        expect(await rig.until(id, "succeeded")).toMatchObject({ attempt: 1, failure: null });
        return;
      }
      const job = await rig.until(id, state === "stopping" ? "cancelled" : "failed");
      expect(findMarked(`${id}.1.train`)).toEqual([]);
      expect(job.attempt).toBe(state === "stopping" ? 1 : 2);
      expect(rig.path(id).includes("interrupted") || rig.path(id).filter((to) => to === "queued").length === 2).toBe(state !== "stopping");
      for (const stranger of strangers) expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
      if (world === "the machine was started again") expect(readFileSync(join(dir, "exit.json"), "utf8")).toContain("was restarted");
    });
  }
}
