import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AppEvent } from "../contract/event.ts";
import { createBus } from "../events/bus.ts";
import { newId } from "../base/ids.ts";
import { createLog } from "../base/log.ts";
import { JobLogs } from "../logs/job-log.ts";
import { Redactor } from "../logs/redact.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { findMarked } from "./marker.ts";
import { readExit } from "./records.ts";
import { runHeld } from "./run.ts";
import { listSegments, segmentName } from "./segments.ts";

setDefaultTimeout(60_000);

const runId = `run-flood-${crypto.randomUUID()}`;
const folder = temporaryFolder();
afterEach(() => {
  expect(findMarked(runId)).toEqual([]);
  folder.remove();
});

test("F58: ten million carriage returns, a million redraws and a line of 20 MB cost a few entries, and every byte is kept", async () => {
  const [returns, redraws, longLine] = [10_000_000, 1_000_000, 20_000_000];
  const script = [
    "stty -opost", "echo begin", `head -c ${returns} /dev/zero | tr '\\0' '\\r'`, `yes ' 42%|####' | head -n ${redraws} | tr '\\n' '\\r'`,
    `head -c ${longLine} /dev/zero | tr '\\0' x`, "echo", "echo the end",
  ].join("; ");
  const bus = createBus((error) => { throw error; });
  const live: AppEvent[] = [];
  bus.subscribe(({ event }) => void (event.type === "job.live-line" && live.push(event)));
  const jobLogs = new JobLogs({ folder: folder.path, redactor: new Redactor([]), bus });
  const log = jobLogs.open(newId("job"), { correlationId: "cor-test" });
  const dir = join(folder.path, "run");
  const whole: string[] = [];
  const begun = performance.now();
  const outcome = await runHeld({
    dir, runId, correlationId: "cor-test", self: [process.execPath, join(import.meta.dir, "testing-hold.ts")], log: createLog({ write: () => undefined }, "error"),
    signal: new AbortController().signal, command: { file: "/bin/sh", args: ["-c", script], cwd: "/tmp", env: {}, columns: 250, stop: [] },
    onLine: ({ text, redraw }) => {
      if (redraw) log.liveLine(text);
      else whole.push(text);
    },
  });
  const seconds = (performance.now() - begun) / 1000;
  expect(outcome).toEqual({ kind: "exited", code: 0, stopped: false });
  expect(readExit(dir)).toMatchObject({ lostBytes: 0 });
  const kept = listSegments(dir).reduce((sum, segment) => sum + readFileSync(join(dir, segmentName(segment))).length, 0);
  expect(kept).toBe(6 + returns + redraws * " 42%|####\r".length + longLine + 1 + 8);
  expect([whole[0], whole.at(-1)]).toEqual(["begin", "the end"]);
  expect(whole.filter((text) => text.startsWith("x")).reduce((sum, text) => sum + text.length, 0)).toBe(longLine);
  // At most ten a second reach a browser, whatever is painted.
  expect(live.length).toBeGreaterThan(0);
  expect(live.length).toBeLessThan(seconds * 10 + 5);
});
