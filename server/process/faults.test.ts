import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createLog } from "../base/log.ts";
import { seededRandom } from "../testing/random.ts";
import { canTrace, straced } from "../testing/strace.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { findMarked } from "./marker.ts";
import { runHeld } from "./run.ts";
import type { RunOptions } from "./run.ts";

setDefaultTimeout(60_000);

/** Marks are looked for on the whole machine, where the same tests may run a second time. */
const tag = crypto.randomUUID();
const holder = [process.execPath, join(import.meta.dir, "testing-hold.ts")];
const folder = temporaryFolder();
afterAll(() => folder.remove());

async function run(name: string, args: readonly string[], over: Partial<RunOptions> = {}) {
  const texts: string[] = [];
  const dir = join(folder.path, name);
  const runId = `run-${name}-${tag}`;
  const outcome = await runHeld({
    dir, runId, correlationId: "cor-test", self: holder, log: createLog({ write: () => {} }, "error"), signal: new AbortController().signal,
    command: { file: "/bin/sh", args, cwd: folder.path, env: {}, columns: 250, stop: [] },
    onLine: ({ text }) => void texts.push(text), ...over,
  });
  expect(findMarked(runId)).toEqual([]);
  return { outcome, texts, dir };
}

test("P1: hostile strings reach the child as they are, each as one argument, and nothing of them is run", async () => {
  const random = seededRandom(7);
  const alphabet = ["'", '"', "`", "$", "$(touch x)", "${HOME}", ";", "|", "&", "\n", "\r", "\\", " ", "--", "-", "*", "?", "\u202e", "ü", "😀", "\x1b[2J", "<", ">", "#", "!", "%s", "~"];
  const hostile = Array.from({ length: 300 }, () => Array.from({ length: random(12) }, () => alphabet[random(alphabet.length)]).join(""));
  const script = 'echo $#; for each; do printf "%s" "$each" | od -An -v -tx1 | tr -d " \\n"; echo .; done';
  const { outcome, texts } = await run("hostile", ["-c", script, "sh", ...hostile]);
  expect(outcome).toEqual({ kind: "exited", code: 0, stopped: false });
  expect(texts[0]).toBe("300");
  expect(texts.slice(1)).toEqual(hostile.map((text) => `${Buffer.from(text).toString("hex")}.`));
  expect(existsSync(join(folder.path, "x"))).toBe(false);
});

/** The holder with a fault of the system injected into it. */
const faulty = (rule: string) => ({ self: straced(rule, holder) });

const renames = "rename,renameat,renameat2";

test.skipIf(!canTrace)("P20, F09: a holder that dies between the end of its child and the record of it is told as lost, never as running", async () => {
  const { outcome, texts, dir } = await run("unrecorded", ["-c", "echo done; exit 0"], faulty(`${renames}:signal=KILL:when=2`));
  expect(outcome).toMatchObject({ kind: "lost", stopped: false });
  expect(texts).toEqual(["done"]);
  expect(JSON.parse(readFileSync(join(dir, "exit.json"), "utf8"))).toMatchObject({ kind: "lost" });
});

test.skipIf(!canTrace)("P2, F08: a holder that dies before it could tell of its child leaves none", async () => {
  const { outcome } = await run("untold", ["-c", "trap '' HUP; sleep 30"], faulty(`${renames}:signal=KILL:when=1`));
  expect(outcome).toMatchObject({ kind: "lost", stopped: false });
});

test.skipIf(!canTrace)("P20, F41: an end that the disk refuses at first is recorded a moment later", async () => {
  const { outcome, texts } = await run("refused", ["-c", "echo done; exit 5"], faulty("fsync:error=EIO:when=3"));
  expect({ outcome, texts }).toEqual({ outcome: { kind: "exited", code: 5, stopped: false }, texts: ["done"] });
});

test.skipIf(!canTrace)("P2, F41: a child whose start the disk does not let us record is not left running", async () => {
  const { outcome } = await run("unrecordable", ["-c", "trap '' HUP INT TERM; sleep 30"], faulty("fsync:error=EIO:when=2"));
  expect(outcome).toMatchObject({ kind: "not-started", why: expect.stringContaining("could not be recorded") });
});
