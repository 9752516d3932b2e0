import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createLog } from "../base/log.ts";
import { canTrace, straced } from "../testing/strace.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { failureOf } from "../jobs/failures/failures.ts";
import { runHeld } from "./run.ts";
import { isShortSupply, untilSupplied } from "./short-supply.ts";

setDefaultTimeout(60_000);

const holder = [process.execPath, join(import.meta.dir, "testing-hold.ts")];
const folder = temporaryFolder();
afterAll(() => folder.remove());

const refused = (code: string) => Object.assign(new Error(`${code}: refused`), { code });

async function held(name: string, rule: string) {
  const dir = join(folder.path, name);
  const outcome = await runHeld({
    dir, runId: `run-${name}-${crypto.randomUUID()}`, correlationId: "cor-short", self: straced(rule, holder, { path: "/dev/ptmx" }),
    log: createLog({ write: () => {} }, "error"), signal: new AbortController().signal,
    command: { file: "/bin/sh", args: ["-c", "exit 7"], cwd: folder.path, env: {}, columns: 80, stop: [] }, onLine: () => {},
  });
  return { outcome, exit: JSON.parse(readFileSync(join(dir, "exit.json"), "utf8")) as unknown };
}

test("a server that can open no file at the start of a child says so and starts it once it can", async () => {
  const script = [process.execPath, join(import.meta.dir, "testing-short.ts"), join(folder.path, "full"), ...holder];
  const child = Bun.spawn(["sh", "-c", 'ulimit -n 128; exec "$@"', "sh", ...script], { stdout: "pipe", stderr: "pipe" });
  const [said, outcome] = (await new Response(child.stdout).text()).trim().split("\n");
  expect(said).toBe("The program of a tool waits for its start. Too many files and connections are open at once for this program. Close some connections, or raise the limit (ulimit -n 4096).");
  expect(JSON.parse(outcome ?? "null")).toEqual({ kind: "exited", code: 7, stopped: false });
});

test.skipIf(!canTrace)("a child that gets no terminal at first is started a moment later", async () => {
  expect((await held("no-terminal", "openat:error=ENFILE:when=1")).outcome).toEqual({ kind: "exited", code: 7, stopped: false });
});

test("only what passes by itself is tried again, and not without an end", async () => {
  let asked = 0;
  const twice = () => ((asked += 1) < 3 ? Promise.reject(refused("EAGAIN")) : "begun");
  const waits: string[] = [];
  expect(await untilSupplied(twice, { onWait: (error) => void waits.push(String(error)) })).toBe("begun");
  expect({ asked, waits }).toEqual({ asked: 3, waits: ["Error: EAGAIN: refused"] });
  expect(untilSupplied(() => Promise.reject(refused("EACCES")))).rejects.toThrow("EACCES");
  expect(untilSupplied(() => Promise.reject(refused("ENFILE")), { limitMs: -1 })).rejects.toThrow("ENFILE");
  expect(["EMFILE", "ENFILE", "ENOMEM", "EAGAIN", "ENOENT", "EACCES"].map((code) => isShortSupply(refused(code)))).toEqual([true, true, true, true, false, false]);
  expect(isShortSupply(new Error("Failed to open PTY"))).toBe(true);
});

test("a job whose program could not be started for that reason is tried again, in words", () => {
  expect(failureOf(refused("EMFILE"))).toMatchObject({ code: "short_supply", why: expect.stringContaining("ulimit -n 4096") });
});
