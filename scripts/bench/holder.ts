import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "../../server/base/log.ts";
import { readExit, readHolder } from "../../server/process/records.ts";
import { runHeld } from "../../server/process/run.ts";
import { executablePath } from "../testing/executable.ts";
import type { Measure } from "./report.ts";

const gigabyte = 1_000_000_000;

interface Held {
  readonly peakMb: number;
  readonly restMb: number;
  readonly seconds: number;
  readonly lostBytes: number;
}

/** What the holder takes and how fast it takes output in: at rest, in a flood, and with one line of 1 GB. */
export async function benchHolder(): Promise<Measure[]> {
  const rest = await hold("sleep 3");
  const flood = await hold(`stty -opost; yes 'a line of usual length that a program may print, again and again' | head -c ${gigabyte}`);
  const line = await hold(`stty -opost; head -c ${gigabyte} /dev/zero | tr '\\0' x`);
  for (const { lostBytes } of [flood, line]) if (lostBytes !== 0) throw new Error(`${lostBytes} bytes of output were lost`);
  return [
    { name: "memory of a holder at rest", value: rest.restMb, unit: "MB", goal: { kind: "at most", value: 40 } },
    { name: "memory of a holder, peak while 1 GB is printed", value: flood.peakMb, unit: "MB", goal: { kind: "at most", value: 64 } },
    { name: "memory of a holder, peak with one line of 1 GB", value: line.peakMb, unit: "MB", goal: { kind: "at most", value: 64 } },
    { name: "log capture, child to file, read at the same time", value: gigabyte / 1e6 / flood.seconds, unit: "MB/s", goal: { kind: "at least", value: 50 } },
  ];
}

async function hold(script: string): Promise<Held> {
  const dir = mkdtempSync(join(tmpdir(), "isengard-bench-holder-"));
  const begun = performance.now();
  const done = runHeld({
    dir, runId: `run-${crypto.randomUUID()}`, correlationId: "cor-bench", self: [executablePath],
    log: createLog({ write: () => undefined }, "error"), signal: new AbortController().signal, onLine: () => {},
    command: { file: "/bin/sh", args: ["-c", script], cwd: dir, env: {}, columns: 250, stop: [] },
  });
  const over = done.then(() => true);
  let [peakMb, restMb] = [0, 0];
  while (!(await Promise.race([over, Bun.sleep(100).then(() => false)]))) {
    const holder = readHolder(dir);
    const status = holder === null ? null : statusOf(holder.holderPid);
    if (status !== null) [peakMb, restMb] = [megabytes(status, "VmHWM"), megabytes(status, "VmRSS")];
  }
  await done;
  const exit = readExit(dir);
  const lostBytes = exit?.kind === "exited" ? exit.lostBytes : Number.NaN;
  rmSync(dir, { recursive: true, force: true });
  return { peakMb, restMb, seconds: (performance.now() - begun) / 1000, lostBytes };
}

/** null also for a holder that has ended and waits to be collected: it has no memory any more. */
function statusOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/status`, "utf8");
    return text.includes("VmRSS") ? text : null;
  } catch {
    // It ended a moment ago.
    return null;
  }
}

function megabytes(status: string, field: "VmHWM" | "VmRSS"): number {
  return (Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024) / 1e6;
}
