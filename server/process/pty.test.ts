import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { constants } from "node:os";
import { waitFor } from "../testing/wait.ts";
import { spawnPty } from "./pty.ts";
import type { Pty, PtyExit, SpawnPty } from "./pty.ts";
import { loadNodePty } from "./testing-node-pty.ts";

setDefaultTimeout(30_000);

interface Watched {
  readonly pty: Pty;
  readonly exit: Promise<PtyExit>;
  text(): string;
  bytes(): number;
}

const env = { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LANG: "C.UTF-8" };

function watch(spawn: SpawnPty, script: string): Watched {
  const pty = spawn("/bin/sh", ["-c", script], { cwd: "/tmp", env, cols: 250, rows: 40 });
  const chunks: Uint8Array[] = [];
  pty.onData((bytes) => void chunks.push(Uint8Array.from(bytes)));
  return {
    pty,
    exit: new Promise((resolve) => pty.onExit(resolve)),
    text: () => Buffer.concat(chunks).toString("utf8"),
    bytes: () => chunks.reduce((sum, chunk) => sum + chunk.length, 0),
  };
}

const backends: ReadonlyArray<readonly [string, SpawnPty]> = [["Bun.Terminal", spawnPty], ["node-pty", loadNodePty()]];

describe.each(backends)("the terminal of %s", (_name, spawn) => {
  test("tells exact exit codes", async () => {
    for (const code of [0, 1, 5, 255]) expect(await watch(spawn, `exit ${code}`).exit).toEqual({ exitCode: code, signal: 0 });
  });

  test("tells exact signals", async () => {
    for (const name of ["SIGINT", "SIGTERM", "SIGKILL", "SIGSEGV"] as const) {
      const child = watch(spawn, `ulimit -c 0; kill -${name.slice(3)} $$`);
      expect((await child.exit).signal).toBe(constants.signals[name]);
    }
  });

  test("is a terminal of the size and the name that were asked for", async () => {
    const child = watch(spawn, "test -t 0 && test -t 1 && test -t 2 && echo tty; stty size; echo $TERM");
    await child.exit;
    expect(child.text()).toBe("tty\r\n40 250\r\nxterm-256color\r\n");
  });

  test("tells the child about a new size", async () => {
    const child = watch(spawn, "trap 'stty size; exit 0' WINCH; echo up; while :; do sleep 0.02; done");
    await waitFor("it is up", () => child.text().includes("up"));
    child.pty.resize(100, 30);
    expect(await child.exit).toEqual({ exitCode: 0, signal: 0 });
    expect(child.text()).toContain("30 100");
    expect([child.pty.cols, child.pty.rows]).toEqual([100, 30]);
  });

  test("hands on what is written to it, and ^C as an interrupt", async () => {
    const child = watch(spawn, "trap 'echo stopped; exit 3' INT; read line; echo \"got $line\"; while :; do sleep 0.02; done");
    child.pty.write("hello\n");
    await waitFor("it read", () => child.text().includes("got hello"));
    child.pty.write("\x03");
    expect(await child.exit).toEqual({ exitCode: 3, signal: 0 });
    expect(child.text()).toContain("stopped");
  });

  test("sends signals to the whole group", async () => {
    const child = watch(spawn, "sh -c 'trap \"echo inner; exit 0\" TERM; echo up; while :; do sleep 0.02; done' & wait; wait");
    await waitFor("it is up", () => child.text().includes("up"));
    child.pty.kill("SIGTERM");
    await child.exit;
    child.pty.kill("SIGTERM");
    expect(child.text()).toContain("up");
  });

  test("P19: keeps characters whole that are split over writes", async () => {
    const child = watch(spawn, "printf '\\342\\226'; sleep 0.05; printf '\\210 gr\\303'; sleep 0.05; printf '\\274n'");
    await child.exit;
    expect(child.text()).toBe("█ grün");
  });

  test("P13: loses no byte of a child that writes much and ends at once", async () => {
    const child = watch(spawn, "head -c 3000000 /dev/zero | tr '\\0' x");
    await child.exit;
    expect(child.bytes()).toBe(3_000_000);
  });

  test("loses nothing in many short runs", async () => {
    for (let round = 0; round < 30; round++) {
      const children = Array.from({ length: 10 }, (_, index) => watch(spawn, `echo run ${round}-${index}; exit ${index}`));
      for (const [index, child] of children.entries()) {
        expect(await child.exit).toEqual({ exitCode: index, signal: 0 });
        expect(child.text()).toBe(`run ${round}-${index}\r\n`);
      }
    }
  });

  test("does not wait for ever for a grandchild that keeps the terminal", async () => {
    const child = watch(spawn, "(trap '' HUP; echo inner; sleep 1.2) & sleep 0.1; exit 7");
    expect((await child.exit).exitCode).toBe(7);
    expect(child.text()).toContain("inner");
  });
});

test("a program that does not exist is told at once", () => {
  expect(() => spawnPty("/nowhere/program", [], { cwd: "/tmp", env, cols: 80, rows: 24 })).toThrow("ENOENT");
});
