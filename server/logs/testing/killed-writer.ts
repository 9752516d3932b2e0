import { createBus } from "../../events/bus.ts";
import { JobLogs } from "../job-log.ts";
import { Redactor } from "../redact.ts";

/**
 * Run by a test and killed by it: goes through the same output again and again, as a restarted server does, writes what
 * the log does not have, and ends when all is written.
 */
const [folder, jobId, count] = process.argv.slice(2) as [string, string, string];
const logs = new JobLogs({ folder, redactor: new Redactor([]), bus: createBus(() => undefined) });
const log = logs.open(jobId, { correlationId: "cor-a" });
const last = log.lastOffset("train-1");
for (let index = 1; index <= Number(count); index++) {
  if (index * 10 <= last) continue;
  log.write("info", "tool.line", `line ${index} ${"x".repeat(index % 300)}`, { run: "train-1", offset: index * 10 });
  if (index % 500 === 0) await Bun.sleep(1);
}
log.close();
