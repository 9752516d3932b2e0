import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { OutputLine } from "../../plugins/plugin.ts";
import { DataProblem } from "../db/data-problem.ts";
import { createLog } from "../base/log.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { waitFor } from "../testing/wait.ts";
import { identify, isRunning } from "./identity.ts";
import type { ProcessIdentity } from "./identity.ts";
import { findMarked } from "./marker.ts";
import { assertUnderstoodHolders, holderProtocol, understoodProtocols } from "./protocol.ts";
import { readExit, readSpec } from "./records.ts";
import { runHeld } from "./run.ts";

setDefaultTimeout(60_000);

const self = [process.execPath, join(import.meta.dir, "testing-hold.ts")];
const log = createLog({ write: () => {} }, "error");
/** What holders of each protocol really wrote, with another boot id. */
const recorded = (protocol: number) => join(import.meta.dir, "fixtures", `protocol-${protocol}`);

let folder = temporaryFolder();
const used = new Set<string>();
const holders: Bun.Subprocess[] = [];
afterEach(async () => {
  for (const holder of holders.splice(0)) {
    holder.kill("SIGKILL");
    await holder.exited;
  }
  const left = [...used].flatMap(findMarked);
  used.clear();
  for (const each of left) process.kill(each.pid, "SIGKILL");
  folder.remove();
  folder = temporaryFolder();
  expect(left).toEqual([]);
});

function adopt(dir: string, runId: string, signal = new AbortController().signal) {
  const lines: OutputLine[] = [];
  const command = { ...readSpec(dir)!.command, env: {}, stop: [{ signal: "SIGKILL", target: "group", waitMs: 2_000 }] as const };
  const done = runHeld({ dir, runId, correlationId: "cor-test", self, log, signal, command, onLine: (line) => void lines.push(line) });
  done.catch(() => {});
  return { done, lines };
}

const textsOf = (lines: readonly OutputLine[]) => lines.map((line) => [line.text, line.offset]);

/** A child under a holder that writes as `protocol` does: the recorded files, with living processes in them. */
function pretendHolder(name: string, protocol: number, template = protocol) {
  const dir = join(folder.path, name);
  const runId = `run-${name}-${crypto.randomUUID()}`;
  used.add(runId);
  cpSync(recorded(template), dir, { recursive: true });
  rmSync(join(dir, "exit.json"));
  // Its command names the folder, as that of a real holder does.
  const holder = Bun.spawn(["/bin/sh", "-c", "read line", "hold", dir], { detached: true, stdin: "pipe" });
  holders.push(holder);
  const spawned = Bun.spawn(["/bin/sleep", "60"], { detached: true, env: { ISENGARD_RUN: runId } });
  const [holding, child] = [identify(holder.pid), identify(spawned.pid)] as [ProcessIdentity, ProcessIdentity];
  const change = (file: string, values: object) => {
    const path = join(dir, file);
    writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, "utf8")) as object), ...values }));
  };
  change("spec.json", { protocol, runId });
  change("claim.json", { holder: holding });
  change("holder.json", {
    protocol, runId, holderPid: holder.pid, holderStart: holding.start, childPid: spawned.pid, childStart: child.start, bootId: child.bootId,
  });
  writeFileSync(join(dir, "pty.log"), "first\r\n");
  return { dir, runId, child, recordedExit: readFileSync(join(recorded(template), "exit.json"), "utf8") };
}

test("Q25: this version understands its own protocol and the two before it, and has a record of each", () => {
  expect(understoodProtocols).toEqual([1, 2]);
  expect(understoodProtocols.at(-1)).toBe(holderProtocol);
  for (const protocol of understoodProtocols) expect(readSpec(recorded(protocol))?.protocol).toBe(protocol);
});

for (const protocol of understoodProtocols) {
  test(`Q25, F66: an attempt that ended under a holder of protocol ${protocol} is told with all its lines and its exit code`, async () => {
    const dir = join(folder.path, "ended");
    cpSync(recorded(protocol), dir, { recursive: true });
    const run = adopt(dir, "job-recorded.1.train");
    expect(await run.done).toEqual({ kind: "exited", code: 6, stopped: false });
    expect(textsOf(run.lines)).toEqual([["first", 7], ["second", 15]]);
  });

  for (const isStopped of [false, true]) {
    test(`P23, Q25, F66: an attempt that runs under a holder of protocol ${protocol} is adopted, and ${isStopped ? "stopped when asked" : "followed to its end"}`, async () => {
      const { dir, runId, child, recordedExit } = pretendHolder("old", protocol);
      expect(() => assertUnderstoodHolders(folder.path)).not.toThrow();
      const stopping = new AbortController();
      const run = adopt(dir, runId, stopping.signal);
      await waitFor("its first line is read", () => run.lines.length > 0);
      writeFileSync(join(dir, "pty.log"), "second\r\n", { flag: "a" });
      if (isStopped) stopping.abort();
      else process.kill(child.pid, "SIGKILL");
      await waitFor("the child is gone", () => !isRunning(child));
      writeFileSync(join(dir, "exit.json"), recordedExit);
      expect(await run.done).toEqual({ kind: "exited", code: 6, stopped: isStopped });
      expect(textsOf(run.lines)).toEqual([["first", 7], ["second", 15]]);
    });
  }
}

for (const [name, protocol] of [["a later protocol", holderProtocol + 1], ["no protocol that can be read", Number.NaN]] as const) {
  test(`Q25, F66: a program under a holder of ${name} is refused in a sentence and left running`, async () => {
    const { dir, child } = pretendHolder("new", protocol, holderProtocol);
    const elsewhere = join(folder.path, "another folder");
    mkdirSync(elsewhere);
    expect(() => assertUnderstoodHolders(elsewhere)).not.toThrow();
    let refused: unknown = null;
    try {
      assertUnderstoodHolders(folder.path);
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(DataProblem);
    expect(refused).toMatchObject({
      kind: "newer-program", file: dir, helpsRestore: false, message: "A program that another version of Isengard started still runs here.",
      fix: expect.stringContaining("Start the version of Isengard that started it"), detail: expect.stringContaining("understands 1 and 2"),
    });
    expect(isRunning(child)).toBe(true);
    process.kill(child.pid, "SIGKILL");
    await waitFor("the child is gone", () => !isRunning(child));
  });
}

test("P12, P23: a child under a holder of a later protocol can be found and stopped all the same", async () => {
  const { dir, runId, child } = pretendHolder("new", holderProtocol + 97, holderProtocol);
  const run = adopt(dir, runId, AbortSignal.abort());
  await waitFor("the child is gone", () => !isRunning(child));
  holders[0]!.kill("SIGKILL");
  expect(await run.done).toMatchObject({ kind: "lost", stopped: true });
});

test("F66: an end that a later version wrote down is told as one that cannot be read, not as success", async () => {
  const dir = join(folder.path, "ended");
  cpSync(recorded(holderProtocol), dir, { recursive: true });
  writeFileSync(join(dir, "exit.json"), JSON.stringify({ kind: "checkpointed", endedAt: "2026-11-28T12:00:00.000Z" }));
  expect(await adopt(dir, "job-recorded.1.train").done).toEqual({ kind: "lost", why: expect.stringContaining("another version"), stopped: false });
  expect(readExit(dir)).not.toBeNull();
});
