import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StopRung } from "../../plugins/plugin.ts";
import { baseEnvironment } from "./environment.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { waitFor } from "../testing/wait.ts";
import { identify, isRunning, type ProcessIdentity } from "./identity.ts";
import { holderProtocol } from "./protocol.ts";
import { readExit, readHolder, runFiles, writeRecord } from "./records.ts";
import type { RunSpec } from "./records.ts";
import type { ServerSign } from "./server-watch.ts";

setDefaultTimeout(60_000);
const stop: StopRung[] = [{ signal: "SIGINT", target: "group", waitMs: 2_000 }, { signal: "SIGKILL", target: "group", waitMs: 2_000 }];
const folder = temporaryFolder();
const holders: ProcessIdentity[] = [];
afterEach(() => {
  const left = holders.splice(0).filter(isRunning);
  for (const { pid } of left) process.kill(pid, "SIGKILL");
  expect(left).toEqual([]);
});

/** A holder as a server starts it, with a child that prints until it is ended. */
async function hold(name: string, server?: ServerSign) {
  const dir = join(folder.path, name);
  const runId = `run-${name}-${crypto.randomUUID()}`;
  rmSync(dir, { recursive: true, force: true });
  Bun.spawnSync(["mkdir", "-m", "700", dir]);
  const spec: RunSpec = {
    protocol: holderProtocol, runId, correlationId: "cor-test", env: { ...baseEnvironment(), ISENGARD_RUN: runId },
    command: { file: "/bin/sh", args: ["-c", "trap 'exit 0' INT; while :; do echo on; sleep 0.05; done"], cwd: "/tmp", columns: 80, stop },
    ...(server === undefined ? {} : { server }),
  };
  writeRecord(dir, runFiles.spec, spec);
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "testing-hold.ts"), "hold", dir], { stdio: ["ignore", "ignore", "ignore"] });
  holders.push(identify(child.pid)!);
  await waitFor("the child runs", () => readHolder(dir) !== null);
  return { dir, child, childPid: readHolder(dir)!.childPid };
}

test("a holder whose folder was removed ends with its child", async () => {
  const run = await hold("removed");
  rmSync(run.dir, { recursive: true });
  process.kill(-run.childPid, "SIGKILL");
  expect(await run.child.exited).toBe(0);
});

test("a holder whose folder was moved ends with its child and records the end there", async () => {
  const run = await hold("moved");
  const moved = `${run.dir}-away`;
  renameSync(run.dir, moved);
  process.kill(-run.childPid, "SIGKILL");
  expect(await run.child.exited).toBe(0);
  expect(readExit(moved)).toMatchObject({ kind: "signalled", signal: "SIGKILL" });
});

test("a holder whose files were removed ends with its child and records the end", async () => {
  const run = await hold("emptied");
  for (const file of readdirSync(run.dir)) rmSync(join(run.dir, file));
  process.kill(-run.childPid, "SIGKILL");
  expect(await run.child.exited).toBe(0);
  expect(readExit(run.dir)).toMatchObject({ kind: "signalled" });
});

test("a tool is stopped in its own way when no server came back, and goes on while one is there", async () => {
  const file = join(folder.path, "server.json");
  writeFileSync(file, "{}");
  const run = await hold("alone", { file, awayMs: 600 });
  const printed = () => readFileSync(join(run.dir, runFiles.log)).length;
  // Renewed for three times as long as it may stay away.
  for (let round = 0; round < 90; round++) {
    const before = printed();
    utimesSync(file, new Date(), new Date(Date.now() + round));
    if (round % 10 === 0) await waitFor("it prints", () => printed() > before);
    else await Bun.sleep(10);
  }
  expect(readExit(run.dir)).toBeNull();
  rmSync(file);
  expect(await run.child.exited).toBe(0);
  expect(readExit(run.dir)).toMatchObject({ kind: "exited", code: 0 });
});

test("a training needs no server", async () => {
  const run = await hold("training");
  const before = readFileSync(join(run.dir, runFiles.log)).length;
  await waitFor("it prints on", () => readFileSync(join(run.dir, runFiles.log)).length > before + 20);
  expect(readExit(run.dir)).toBeNull();
  process.kill(-run.childPid, "SIGKILL");
  await run.child.exited;
});
