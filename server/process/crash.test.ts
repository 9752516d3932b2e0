import { afterAll, afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ToolCommand } from "../../plugins/plugin.ts";
import { createLog } from "../base/log.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { waitFor } from "../testing/wait.ts";
import { findMarked } from "./marker.ts";
import { readClaim, readHolder } from "./records.ts";
import { runHeld } from "./run.ts";
import type { RunOptions } from "./run.ts";

/** Marks are looked for on the whole machine, where the same tests may run a second time. */
const tag = crypto.randomUUID();

setDefaultTimeout(30_000);

const self = [process.execPath, join(import.meta.dir, "testing-hold.ts")];
const log = createLog({ write: () => {} }, "error");
const folder = temporaryFolder();
const used = new Set<string>();

afterAll(() => folder.remove());
afterEach(() => {
  const left = [...used].flatMap(findMarked);
  used.clear();
  for (const each of left) process.kill(each.pid, "SIGKILL");
  expect(left).toEqual([]);
});

function watch(dir: string, runId: string, script: string, onLine: RunOptions["onLine"] = () => {}) {
  used.add(runId);
  const command: ToolCommand = {
    file: "/bin/sh", args: ["-c", script], cwd: "/tmp", env: {}, columns: 250,
    stop: [{ signal: "SIGKILL", target: "group", waitMs: 2_000 }],
  };
  return runHeld({ dir, runId, correlationId: "cor-test", command, self, signal: new AbortController().signal, onLine, log });
}

function killedServer(dir: string, runId: string, script: string) {
  used.add(runId);
  return Bun.spawn([process.execPath, join(import.meta.dir, "testing-server.ts"), dir, runId, script], { stdout: "ignore", stderr: "inherit" });
}

test("P23, F02: a child outlives kill -9 of its server, and the next one has every byte and the exit code", async () => {
  const dir = join(folder.path, "survivor");
  const script = "i=0; while [ $i -lt 60 ]; do echo line $i; i=$((i+1)); sleep 0.01; done; exit 5";
  const server = killedServer(dir, `run-survivor-${tag}`, script);
  await waitFor("some lines were written", () => existsSync(join(dir, "pty.log")) && readFileSync(join(dir, "pty.log")).length > 80);
  server.kill("SIGKILL");
  await server.exited;
  const texts: string[] = [];
  expect(await watch(dir, `run-survivor-${tag}`, script, (line) => void texts.push(line.text))).toEqual({ kind: "exited", code: 5, stopped: false });
  expect(texts).toEqual(Array.from({ length: 60 }, (_, index) => `line ${index}`));
});

test("P2, F01: a server killed at any moment of a start leads to one child, never two, never an unknown one", async () => {
  for (let round = 0; round < 16; round++) {
    const runId = `run-window-${round}-${tag}`;
    const dir = join(folder.path, runId);
    const starts = join(folder.path, `${runId}.starts`);
    const script = `echo start >> ${starts}; sleep 0.1; echo done; exit 4`;
    const server = killedServer(dir, runId, script);
    if (round % 2 === 0) await Bun.sleep(20 + round * 4);
    else await waitFor("it began", () => existsSync(dir) && readdirSync(dir).length > round % 4, 5_000);
    server.kill("SIGKILL");
    await server.exited;
    const texts: string[] = [];
    expect(await watch(dir, runId, script, (line) => void texts.push(line.text))).toEqual({ kind: "exited", code: 4, stopped: false });
    expect(readFileSync(starts, "utf8")).toBe("start\n");
    expect(texts).toEqual(["done"]);
  }
});

test("F08: a holder killed at any moment leaves no child, and the run is told as lost", async () => {
  for (let round = 0; round < 8; round++) {
    const runId = `run-holder-${round}-${tag}`;
    const dir = join(folder.path, runId);
    const done = watch(dir, runId, "trap '' HUP; while :; do sleep 0.05; done");
    const pid = await waitFor("a holder claimed it", () => {
      const claim = readClaim(dir);
      return round % 2 ? readHolder(dir)?.holderPid : claim === "torn" ? undefined : claim?.holder?.pid;
    });
    process.kill(pid, "SIGKILL");
    expect(await done).toMatchObject({ kind: "lost", stopped: false });
    expect(findMarked(runId)).toEqual([]);
  }
});

test("a holder shrugs off the signals that end servers", async () => {
  const dir = join(folder.path, "deaf");
  const done = watch(dir, `run-deaf-${tag}`, "sleep 0.4; echo done; exit 2");
  const holder = await waitFor("the holder is known", () => readHolder(dir));
  for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) process.kill(holder.holderPid, signal);
  expect(await done).toEqual({ kind: "exited", code: 2, stopped: false });
});

test("P13: many short runs lose no line and no exit code", async () => {
  const one = async (index: number) => {
    const texts: string[] = [];
    const dir = join(folder.path, `short-${index}`);
    const outcome = await watch(dir, `run-short-${index}-${tag}`, `echo hello ${index}; exit ${index % 7}`, (line) => void texts.push(line.text));
    expect(outcome).toEqual({ kind: "exited", code: index % 7, stopped: false });
    expect(texts).toEqual([`hello ${index}`]);
  };
  const all = Array.from({ length: 60 }, (_, index) => index);
  for (let at = 0; at < all.length; at += 6) await Promise.all(all.slice(at, at + 6).map(one));
});

test("P13, F58: a child that writes 60 MB is logged byte for byte", async () => {
  const dir = join(folder.path, "much");
  mkdirSync(dir, { recursive: true });
  const sizeBytes = 60_000_000;
  const script = `stty -opost; yes 'a line of usual length that a program may print, again and again' | head -c ${sizeBytes}`;
  let bytes = 0;
  await watch(dir, `run-much-${tag}`, script, (line) => void (bytes = line.offset));
  expect(bytes).toBe(sizeBytes);
  expect(await sha256(Bun.file(join(dir, "pty.log")).stream())).toBe(await expected(script));
});

async function sha256(stream: ReadableStream<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest("hex");
}

async function expected(script: string): Promise<string> {
  const child = Bun.spawn(["/bin/sh", "-c", script.replace("stty -opost; ", "")], { stdout: "pipe" });
  return sha256(child.stdout);
}
