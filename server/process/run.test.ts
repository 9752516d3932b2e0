import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExitOutcome, OutputLine, StopRung, ToolCommand } from "../../plugins/plugin.ts";
import { createLog } from "../base/log.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { waitFor } from "../testing/wait.ts";
import { findMarked } from "./marker.ts";
import { readHolder } from "./records.ts";
import { Detached, runHeld } from "./run.ts";
import type { RunOptions } from "./run.ts";

/** Marks are looked for on the whole machine, where the same tests may run a second time. */
const tag = crypto.randomUUID();

setDefaultTimeout(30_000);

const self = [process.execPath, join(import.meta.dir, "testing-hold.ts")];
const log = createLog({ write: () => {} }, "error");
/** Gentle: the first signal is waited for on the busiest machine. */
const ladder: StopRung[] = [
  { signal: "SIGINT", target: "leader", waitMs: 10_000 },
  { signal: "SIGKILL", target: "group", waitMs: 2_000 },
];
const quickLadder: StopRung[] = [
  { signal: "SIGINT", target: "leader", waitMs: 300 },
  { signal: "SIGTERM", target: "group", waitMs: 300 },
  { signal: "SIGKILL", target: "group", waitMs: 2_000 },
];

const used: string[] = [];
let folder = temporaryFolder();
afterEach(() => {
  const left = used.splice(0).flatMap(findMarked);
  for (const each of left) process.kill(each.pid, "SIGKILL");
  folder.remove();
  folder = temporaryFolder();
  expect(left).toEqual([]);
});

function shell(script: string, over: Partial<ToolCommand> = {}): ToolCommand {
  return { file: "/bin/sh", args: ["-c", script], cwd: folder.path, env: {}, columns: 250, stop: ladder, ...over };
}

interface Started {
  readonly done: Promise<ExitOutcome>;
  readonly lines: OutputLine[];
  readonly texts: () => string[];
  readonly dir: string;
  readonly stop: AbortController;
  readonly detach: AbortController;
}

function start(command: ToolCommand, over: Partial<RunOptions> = {}): Started {
  const runId = over.runId ?? `run-${crypto.randomUUID()}`;
  used.push(runId);
  const lines: OutputLine[] = [];
  const stop = new AbortController();
  const detach = new AbortController();
  const dir = over.dir ?? join(folder.path, runId);
  const done = runHeld({
    dir, runId, correlationId: "cor-test", self, command, signal: stop.signal, detach: detach.signal,
    onLine: (line) => void lines.push(line), log, ...over,
  });
  done.catch(() => {});
  return { done, lines, texts: () => lines.map((line) => line.text), dir, stop, detach };
}

describe("running a child under a holder", () => {
  test("gives every line, the exit code, the marks and a wide terminal", async () => {
    const run = start(shell("echo $ISENGARD_CORRELATION_ID; stty size; echo gr\\\\303\\\\274n; umask; exit 5"), { runId: `run-marks-${tag}` });
    expect(await run.done).toEqual({ kind: "exited", code: 5, stopped: false });
    expect(run.texts()).toEqual(["cor-test", "50 250", "gr\\303\\274n", "0077"].map((text) => text.replace("\\303\\274", "ü")));
    expect(run.lines.at(-1)?.offset).toBe(readFileSync(join(run.dir, "pty.log")).length);
  });

  test("P1: keeps secrets and BUN_ variables of the server away from the child", async () => {
    const secrets = { HF_TOKEN: "hf_planted", RUNPOD_API_KEY: "rpa_planted", BUN_OPTIONS: "", CUDA_API_KEY: "planted" };
    Object.assign(process.env, secrets);
    try {
      const run = start(shell("env"));
      await run.done;
      expect(run.texts().join("\n")).not.toMatch(/planted|BUN_/);
      expect(run.texts().some((text) => text.startsWith("PATH="))).toBe(true);
    } finally {
      for (const name of Object.keys(secrets)) delete process.env[name];
    }
  });

  test("tells by which signal a child died", async () => {
    const run = start(shell("kill -SEGV $$"));
    expect(await run.done).toEqual({ kind: "signalled", signal: "SIGSEGV", stopped: false });
  });

  test("says which program or folder is missing", async () => {
    const missing = await start(shell("", { file: "/nowhere/python" })).done;
    expect(missing).toMatchObject({ kind: "not-started", why: expect.stringContaining("/nowhere/python does not exist") });
    const noFolder = await start(shell("", { cwd: "/nowhere/at-all" })).done;
    expect(noFolder).toMatchObject({ kind: "not-started", why: expect.stringContaining("folder /nowhere/at-all") });
  });

  test("says so when Isengard itself cannot be started", async () => {
    const outcome = await start(shell("true"), { self: ["/nowhere/isengard"] }).done;
    expect(outcome).toMatchObject({ kind: "not-started", why: expect.stringContaining("could not start itself") });
  });

  test("tells the end of a finished run again, with all output", async () => {
    const first = start(shell("echo one; echo two; exit 3"), { runId: `run-again-${tag}` });
    await first.done;
    const second = start(shell("echo never"), { runId: `run-again-${tag}`, dir: first.dir });
    expect(await second.done).toEqual({ kind: "exited", code: 3, stopped: false });
    expect(second.lines).toEqual(first.lines);
  });

  test("P2: two starts in one folder make one child, and both see it", async () => {
    const marker = join(folder.path, "starts");
    const command = shell(`echo started >> ${marker}; sleep 0.2; echo done`);
    const runs = [1, 2, 3].map(() => start(command, { runId: `run-twice-${tag}`, dir: join(folder.path, "twice") }));
    for (const run of runs) expect(await run.done).toEqual({ kind: "exited", code: 0, stopped: false });
    expect(readFileSync(marker, "utf8")).toBe("started\n");
    for (const run of runs) expect(run.texts()).toEqual(["done"]);
  });

  test("refuses a folder that belongs to another run", async () => {
    const first = start(shell("true"), { runId: `run-a-${tag}`, dir: join(folder.path, "x") });
    await first.done;
    expect(start(shell("true"), { runId: `run-b-${tag}`, dir: first.dir }).done).rejects.toThrow("belongs to the run run-a-");
  });
});

describe("stopping", () => {
  test("P9: stops a child that ends on SIGINT, and remembers that we asked", async () => {
    const run = start(shell("trap 'echo bye; exit 0' INT; echo up; while :; do sleep 0.05; done"));
    await waitFor("it is up", () => run.texts().includes("up"));
    run.stop.abort();
    expect(await run.done).toEqual({ kind: "exited", code: 0, stopped: true });
    expect(run.texts()).toContain("bye");
    const again = start(shell("true"), { runId: used[0] as string, dir: run.dir });
    expect(await again.done).toMatchObject({ stopped: true });
  });

  test("P9, F11: kills a child that ignores every signal but SIGKILL", async () => {
    const run = start(shell("trap '' INT TERM HUP; echo up; while :; do sleep 0.05; done", { stop: quickLadder }));
    await waitFor("it is up", () => run.texts().includes("up"));
    run.stop.abort();
    expect(await run.done).toEqual({ kind: "signalled", signal: "SIGKILL", stopped: true });
  });

  test("P9, F12: finds a grandchild in a session of its own, and leaves nothing", async () => {
    const run = start(shell("trap '' HUP; setsid sh -c 'trap \"\" INT TERM HUP; while :; do sleep 0.05; done' & echo up; wait", { stop: quickLadder }), { runId: `run-setsid-${tag}` });
    await waitFor("it is up", () => run.texts().includes("up") && findMarked(`run-setsid-${tag}`).length >= 3);
    run.stop.abort();
    expect(await run.done).toMatchObject({ stopped: true });
    expect(findMarked(`run-setsid-${tag}`)).toEqual([]);
  });

  test("P9, F13: clears away workers that outlive a child which ended by itself", async () => {
    const run = start(shell("setsid sh -c 'trap \"\" INT TERM HUP; echo worker; while :; do sleep 0.05; done' & sleep 0.2; exit 4"), { runId: `run-left-${tag}` });
    expect(await run.done).toEqual({ kind: "exited", code: 4, stopped: false });
    expect(findMarked(`run-left-${tag}`)).toEqual([]);
  });

  test("P9: a second press goes to the next rung at once", async () => {
    const slow: StopRung[] = [{ signal: "SIGINT", target: "leader", waitMs: 60_000 }, { signal: "SIGTERM", target: "group", waitMs: 60_000 }];
    const stops: Array<{ escalate(): void }> = [];
    const run = start(shell("trap '' INT; trap 'exit 9' TERM; echo up; while :; do sleep 0.05; done", { stop: slow }), {
      onStopping: (stop) => void stops.push(stop),
    });
    await waitFor("it is up", () => run.texts().includes("up"));
    run.stop.abort();
    stops[0]?.escalate();
    expect(await run.done).toEqual({ kind: "exited", code: 9, stopped: true });
  });

  test("does not start what was cancelled before, and never will", async () => {
    const stop = AbortSignal.abort();
    const run = start(shell("echo never"), { signal: stop, runId: `run-cancelled-${tag}` });
    expect(await run.done).toMatchObject({ kind: "not-started" });
    const again = start(shell("echo never"), { runId: `run-cancelled-${tag}`, dir: run.dir });
    expect(await again.done).toMatchObject({ kind: "not-started" });
    expect(existsSync(join(run.dir, "pty.log"))).toBe(false);
  });

  test("stops a child at once when the call is made with a stop already asked for", async () => {
    const run = start(shell("trap 'exit 0' INT; echo up; while :; do sleep 0.05; done"), { runId: `run-entry-${tag}` });
    await waitFor("it is up", () => run.texts().includes("up"));
    run.detach.abort();
    expect(run.done).rejects.toBeInstanceOf(Detached);
    const again = start(shell("true"), { runId: `run-entry-${tag}`, dir: run.dir, signal: AbortSignal.abort() });
    expect(await again.done).toEqual({ kind: "exited", code: 0, stopped: true });
    expect(again.texts()).toContain("up");
  });

  test("a watcher that throws stops the child instead of leaving it alone", async () => {
    const run = start(shell("trap 'exit 0' INT; echo up; while :; do sleep 0.05; done"), {
      runId: `run-throw-${tag}`,
      onLine: () => { throw new Error("parser broke"); },
    });
    expect(run.done).rejects.toThrow("parser broke");
    await run.done.catch(() => {});
    expect(findMarked(`run-throw-${tag}`)).toEqual([]);
  });
});

describe("losing things", () => {
  test("leaving does not touch the child, and coming back finds all of its output", async () => {
    const run = start(shell("for i in 1 2 3 4 5 6; do echo line $i; sleep 0.1; done; exit 6"), { runId: `run-leave-${tag}` });
    await waitFor("two lines came", () => run.lines.length >= 2);
    run.detach.abort();
    expect(run.done).rejects.toBeInstanceOf(Detached);
    const again = start(shell("true"), { runId: `run-leave-${tag}`, dir: run.dir });
    expect(await again.done).toEqual({ kind: "exited", code: 6, stopped: false });
    expect(again.texts()).toEqual([1, 2, 3, 4, 5, 6].map((n) => `line ${n}`));
  });

  test("P11, F08: a killed holder is told as lost, for good, and nothing of the run is left", async () => {
    const run = start(shell("trap '' HUP; echo up; while :; do sleep 0.05; done"), { runId: `run-lost-${tag}` });
    await waitFor("it is up", () => run.texts().includes("up"));
    process.kill(readHolder(run.dir)?.holderPid as number, "SIGKILL");
    expect(await run.done).toMatchObject({ kind: "lost", stopped: false });
    expect(findMarked(`run-lost-${tag}`)).toEqual([]);
    expect(await start(shell("true"), { runId: `run-lost-${tag}`, dir: run.dir }).done).toMatchObject({ kind: "lost" });
  });

  test("P2: a claim whose holder died before it could tell is lost, never started twice", async () => {
    const dir = join(folder.path, "claimed");
    const first = start(shell("echo one"), { runId: `run-claimed-${tag}`, dir });
    await first.done;
    const torn = join(folder.path, "torn");
    mkdirSync(torn);
    const dead = { pid: 2 ** 22 - 1, start: "1", bootId: readHolder(dir)?.bootId };
    writeFileSync(join(torn, "claim.json"), JSON.stringify({ holder: dead }));
    expect(await start(shell("echo never"), { runId: `run-torn-${tag}`, dir: torn }).done).toMatchObject({ kind: "lost" });
    expect(existsSync(join(torn, "pty.log"))).toBe(false);
  });
});
