import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createLog } from "../base/log.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { findMarked } from "./marker.ts";
import { runHeld } from "./run.ts";

// Server and holder die at the very system call, where crash.test.ts tries moments at random.
setDefaultTimeout(60_000);
const tag = crypto.randomUUID();
const folder = temporaryFolder();
afterAll(() => folder.remove());

const holder = [process.execPath, join(import.meta.dir, "testing-hold.ts")];
const server = [process.execPath, join(import.meta.dir, "testing-server.ts")];
const strace = Bun.which("strace");
const traced = test.skipIf(strace === null || Bun.spawnSync([strace ?? "", "-o", "/dev/null", "true"]).exitCode !== 0);

/** Dies when it makes this call for the n-th time. Only the program itself is traced, unless its threads are too. */
const dyingAt = (call: string, when: number, threads: readonly string[] = []) =>
  [strace!, ...threads, "-o", "/dev/null", "-e", `trace=${call}`, "-e", `inject=${call}:signal=KILL:when=${when}`];

function place(name: string) {
  const dir = join(folder.path, name);
  const starts = join(folder.path, `${name}.starts`);
  return {
    dir, runId: `run-${name}-${tag}`, script: `echo start >> ${starts}; echo done; exit 4`,
    starts: () => (existsSync(starts) ? readFileSync(starts, "utf8") : ""),
  };
}

async function runAgain({ dir, runId, script }: ReturnType<typeof place>, self: readonly string[] = holder) {
  const texts: string[] = [];
  const outcome = await runHeld({
    dir, runId, correlationId: "cor-test", self, log: createLog({ write: () => {} }, "error"), signal: new AbortController().signal,
    command: { file: "/bin/sh", args: ["-c", script], cwd: "/tmp", env: {}, columns: 250, stop: [] },
    onLine: ({ text }) => void texts.push(text),
  });
  expect(findMarked(runId)).toEqual([]);
  return { outcome, texts };
}

/** In the order of a start: the folder, the words for the holder (written, then under their name), the holder. */
traced.each([["mkdir", 1], ["fsync", 1], ["rename", 1], ["vfork", 1]] as const)(
  "P2: a server that dies at its call %s leaves a run that the next one starts, once", async (call, when) => {
    const at = place(`server-${call}-${when}`);
    const killed = Bun.spawnSync([...dyingAt(call, when), ...server, at.dir, at.runId, at.script], { stdio: ["ignore", "ignore", "ignore"] });
    expect(killed.signalCode ?? killed.exitCode).toBe("SIGKILL");
    expect(await runAgain(at)).toEqual({ outcome: { kind: "exited", code: 4, stopped: false }, texts: ["done"] });
    expect(at.starts()).toBe("start\n");
  },
);

/** In the order of a start: the claim, the child, the record of it (written, then under its name). */
traced.each([["fsync", 1], ["vfork", 1], ["fsync", 2], ["rename", 1]] as const)(
  "P2: a holder that dies at its call %s (%d) leaves no child that nobody knows, and its run is told as lost", async (call, when) => {
    const at = place(`holder-${call}-${when}`);
    const { outcome } = await runAgain(at, [...dyingAt(call, when, ["-f"]), ...holder]);
    expect(outcome.kind).toBe("lost");
    expect((await runAgain(at)).outcome.kind).toBe("lost");
    expect(at.starts().length).toBeLessThanOrEqual("start\n".length);
  },
);
