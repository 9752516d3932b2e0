import { afterAll, afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { createLog } from "../base/log.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { waitFor } from "../testing/wait.ts";
import { isRunning } from "./identity.ts";
import { findMarked } from "./marker.ts";
import { childIdentity, holderIdentity, readExit, readHolder } from "./records.ts";
import { runHeld, type RunOptions } from "./run.ts";

// Whoever stands still, the others do not.
setDefaultTimeout(60_000);
const tag = crypto.randomUUID();
const self = [process.execPath, join(import.meta.dir, "testing-hold.ts")];
const log = createLog({ write: () => {} }, "error");
const folder = temporaryFolder();
const used = new Set<string>();
afterEach(() => {
  const left = [...used].flatMap(findMarked);
  used.clear();
  for (const each of left) process.kill(each.pid, "SIGKILL");
  expect(left).toEqual([]);
});
afterAll(() => folder.remove());

const lineCount = 20_000;
const manyLines = `i=0; while [ $i -lt ${lineCount} ]; do echo line $i; i=$((i+1)); done; exit 3`;
const allLines = Array.from({ length: lineCount }, (_, index) => `line ${index}`);

function watch(name: string, script: string, over: Partial<RunOptions> = {}) {
  const runId = `run-${name}-${tag}`;
  const dir = join(folder.path, name);
  const texts: string[] = [];
  const stop = new AbortController();
  used.add(runId);
  const done = runHeld({
    dir, runId, correlationId: "cor-test", self, log, signal: stop.signal, onLine: ({ text }) => void texts.push(text),
    command: { file: "/bin/sh", args: ["-c", script], cwd: "/tmp", env: {}, columns: 250, stop: [{ signal: "SIGKILL", target: "group", waitMs: 2_000 }] },
    ...over,
  });
  return { done, texts, dir, stop };
}

test("P15: a child works to its end while the server stands still, which then reads all of it", async () => {
  const dir = join(folder.path, "reader");
  const runId = `run-reader-${tag}`;
  used.add(runId);
  const server = Bun.spawn([process.execPath, join(import.meta.dir, "testing-server.ts"), dir, runId, manyLines], { stdout: "pipe", stderr: "inherit" });
  const printed = new Response(server.stdout).text();
  await waitFor("the child prints", () => existsSync(join(dir, "pty.log")) && statSync(join(dir, "pty.log")).size > 0, 20_000);
  server.kill("SIGSTOP");
  await waitFor("the child has ended", () => readExit(dir), 40_000);
  expect(readExit(dir)).toMatchObject({ kind: "exited", code: 3, lostBytes: 0 });
  server.kill("SIGCONT");
  await server.exited;
  expect((await printed).trimEnd().split("\n")).toEqual(allLines);
});

test("P15: while a holder stands still the server and other runs go on, and nothing of its own run is lost", async () => {
  const first = watch("still", manyLines);
  const holder = await waitFor("the child prints", () => (first.texts.length > 0 ? readHolder(first.dir) : null), 20_000);
  process.kill(holder.holderPid, "SIGSTOP");
  const second = watch("other", manyLines);
  expect(await second.done).toEqual({ kind: "exited", code: 3, stopped: false });
  expect(second.texts).toEqual(allLines);
  expect(readExit(first.dir)).toBeNull();
  process.kill(holder.holderPid, "SIGCONT");
  expect(await first.done).toEqual({ kind: "exited", code: 3, stopped: false });
  expect(first.texts).toEqual(allLines);
});

test("Q22: a holder that stands still for good keeps nobody waiting: its run is ended at a limit and told as lost", async () => {
  const run = watch("frozen", "echo up; exec sleep 60", { recordLimitMs: 300 });
  const holder = await waitFor("the child is up", () => (run.texts.length > 0 ? readHolder(run.dir) : null), 20_000);
  process.kill(holder.holderPid, "SIGSTOP");
  run.stop.abort();
  expect(await run.done).toMatchObject({ kind: "lost", stopped: true });
  expect([childIdentity(holder), holderIdentity(holder)].filter(isRunning)).toEqual([]);
  expect(readFileSync(join(run.dir, "pty.log"), "utf8")).toBe("up\r\n");
});
