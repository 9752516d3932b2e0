import { expect } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { LogEntry, LogPage } from "../../server/contract/log.ts";
import { LineSplitter } from "../../server/process/lines.ts";
import type { Started } from "./executable.ts";

export async function logOf(server: Started, jobId: string): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for (;;) {
    const page = await server.json<LogPage>(`/api/jobs/${jobId}/logs/view?limit=1000&after=${entries.at(-1)?.line ?? 0}`);
    entries.push(...page.entries);
    if (page.entries.length === 0) return entries;
  }
}

/** The log of a training holds each line that its children printed once, in order, and its own numbers have no hole. Answers how many there are. */
export async function expectWholeLog(server: Started, jobId: string): Promise<number> {
  const dir = join(server.folder, "data/jobs", jobId);
  const entries = await logOf(server, jobId);
  expect(entries.map((entry) => entry.line)).toEqual(entries.map((_, index) => index + 1));
  let count = 0;
  for (const attempt of readdirSync(dir).filter((name) => name.startsWith("attempt-"))) {
    const run = `${attempt}/train`;
    const lines = new LineSplitter();
    const printed = [...lines.push(readFileSync(join(dir, run, "pty.log"))), ...lines.end()].filter((line) => !line.redraw);
    const logged = entries.filter(({ event, fields }) => event === "tool.line" && fields["run"] === run);
    expect(logged.map(({ fields }) => fields["offset"])).toEqual(printed.map((line) => line.offset));
    count += printed.length;
  }
  return count;
}
