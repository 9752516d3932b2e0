import { closeSync, openSync } from "node:fs";
import { createLog } from "../base/log.ts";
import { runHeld } from "./run.ts";

/** Starts `echo` in the folder of the argument while this program can open no further file, which ends once it is waited for. */
const [dir = "", ...self] = process.argv.slice(2);
const held: number[] = [];
const log = createLog({ write: (line) => {
  const { event, message } = JSON.parse(line) as { event: string; message: string };
  if (event !== "run.waits") return;
  console.log(message);
  for (const fd of held.splice(0)) closeSync(fd);
} }, "info");
try {
  for (;;) held.push(openSync("/dev/null", "r"));
} catch {
  // Now it is full.
}
const outcome = await runHeld({
  dir, runId: `run-short-${crypto.randomUUID()}`, correlationId: "cor-short", self, log, signal: new AbortController().signal,
  command: { file: "/bin/sh", args: ["-c", "exit 7"], cwd: "/", env: {}, columns: 80, stop: [] }, onLine: () => {},
});
console.log(JSON.stringify(outcome));
