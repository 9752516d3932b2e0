import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBus } from "../../server/events/bus.ts";
import { Hub } from "../../server/events/hub.ts";
import { newId } from "../../server/base/ids.ts";
import { createLog } from "../../server/base/log.ts";
import { JobLogs } from "../../server/logs/job-log.ts";
import { Redactor } from "../../server/logs/redact.ts";
import { runHeld } from "../../server/process/run.ts";
import { listSegments, segmentName } from "../../server/process/segments.ts";
import { executablePath } from "../testing/executable.ts";
import type { Measure } from "./report.ts";

const megabytes = 200;

/** A child prints as fast as it can; a browser watches. Measured from the first byte to the last line in the browser. */
export async function benchLogPath(): Promise<Measure[]> {
  const folder = mkdtempSync(join(tmpdir(), "isengard-bench-log-"));
  const bus = createBus((error) => { throw error; });
  const hub = new Hub(bus, "bench");
  const log = createLog({ write: () => undefined }, "error");
  const jobLogs = new JobLogs({ folder, redactor: new Redactor(), bus });
  const jobId = newId("job");
  const jobLog = jobLogs.open(jobId, { correlationId: "cor-bench" });
  let seen = 0;
  hub.join({ send: (text) => { seen += countLines(text); return true; }, close: () => undefined }, { epoch: hub.epoch, since: 0, watch: [jobId] });

  const line = "epoch 12 step 3456 loss 0.01234 lr 1.0e-04 some ordinary words of a log line that a training prints now and then";
  const bytes = megabytes * 1_000_000;
  const lines = Math.floor(bytes / (line.length + 2));
  const started = performance.now();
  const outcome = await runHeld({
    dir: join(folder, "run"), runId: "bench-run", correlationId: "cor-bench", self: [executablePath], log, signal: new AbortController().signal,
    command: { file: "/bin/sh", args: ["-c", `yes '${line}' | head -n ${lines}`], cwd: folder, env: {}, columns: 250, stop: [] },
    onLine: ({ text, offset, redraw }) => { if (!redraw) jobLog.write("info", "tool.line", text, { run: "bench", offset }); },
  });
  jobLog.close();
  jobLogs.flushAll();
  const seconds = (performance.now() - started) / 1000;
  const written = listSegments(join(folder, "run")).reduce((sum, segment) => sum + statSync(join(folder, "run", segmentName(segment))).size, 0);
  const kept = readFileSync(jobLogs.fileOf(jobId)).reduce((count, byte) => count + (byte === 10 ? 1 : 0), 0);
  hub.close();
  rmSync(folder, { recursive: true, force: true });
  if (outcome.kind !== "exited" || kept !== lines) throw new Error(`${kept} of ${lines} lines are in the log; the child ended as ${JSON.stringify(outcome)}`);
  return [{
    name: `log path from child to browser, ${megabytes} MB`, value: written / 1e6 / seconds, unit: "MB/s", goal: { kind: "at least", value: 20 },
    beside: `${lines.toLocaleString("en")} lines, all in the file; ${seen.toLocaleString("en")} reached the browser`,
  }];
}

function countLines(text: string): number {
  const message = JSON.parse(text) as { event?: { type: string; entries?: unknown[] } };
  return message.event?.type === "job.log" ? message.event.entries!.length : 0;
}
