import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AppEvent } from "../contract/event.ts";
import { createBus } from "../events/bus.ts";
import { newId } from "../base/ids.ts";
import { createLog } from "../base/log.ts";
import { runHeld } from "../process/run.ts";
import { escapeCorpus, obeyed } from "../testing/escape-corpus.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { JobLogs } from "./job-log.ts";
import { Redactor } from "./redact.ts";
import { RotatingFile } from "./rotating-file.ts";

test("F61, T27: whatever a tool prints, its log holds no character that a terminal obeys, and no further line is lost", async () => {
  using folder = temporaryFolder();
  const bus = createBus((error) => { throw error; });
  const events: AppEvent[] = [];
  bus.subscribe(({ event }) => events.push(event));
  const jobLogs = new JobLogs({ folder: folder.path, redactor: new Redactor([]), bus });
  const jobId = newId("job");
  const log = jobLogs.open(jobId, { correlationId: "cor-test" });
  const input = join(folder.path, "input");
  await Bun.write(input, escapeCorpus.map((text, index) => `before ${text} after\nline ${index} stays\n`).join(""));
  const outcome = await runHeld({
    dir: join(folder.path, "run"), runId: `run-hostile-${crypto.randomUUID()}`, correlationId: "cor-test",
    self: [process.execPath, join(import.meta.dir, "../process/testing-hold.ts")], log: createLog({ write: () => undefined }, "error"),
    signal: new AbortController().signal, detach: new AbortController().signal,
    command: { file: "/bin/cat", args: [input], cwd: folder.path, env: {}, columns: 250, stop: [] },
    onLine: ({ text, offset }) => log.write("info", "tool.line", text, { run: "one", offset }),
  });
  expect(outcome).toMatchObject({ kind: "exited", code: 0 });
  jobLogs.flushAll();
  const { entries } = await jobLogs.view(jobId, { limit: 1000 });
  const told = events.flatMap((event) => (event.type === "job.log" ? event.entries : []));
  for (const { message } of [...entries, ...told]) expect({ message, obeyed: obeyed.test(message) }).toMatchObject({ obeyed: false });
  expect(obeyed.test(readFileSync(jobLogs.fileOf(jobId), "utf8").replaceAll("\n", ""))).toBe(false);
  const messages = entries.map(({ message }) => message);
  for (const index of escapeCorpus.keys()) expect(messages).toContain(`line ${index} stays`);
  expect(messages).toContain("before ⟨U+202E⟩txt.exe after");
  expect(told).toHaveLength(entries.length);
});

test("F61, T27: what a browser or a job says stays one line of JSON in the service's log, without hidden marks", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "service.jsonl");
  const file = new RotatingFile({ path, redactor: new Redactor([]) });
  const log = createLog(file, "info");
  for (const text of escapeCorpus) log.info("browser.log", `said ${text}\n{"level":"error","message":"forged"}`, { context: { [text]: text } });
  file.close();
  const text = readFileSync(path, "utf8");
  expect(obeyed.test(text.replaceAll("\n", ""))).toBe(false);
  const lines = text.trimEnd().split("\n").map((line) => JSON.parse(line) as { level: string; message: string });
  expect(lines).toHaveLength(escapeCorpus.length);
  for (const line of lines) expect(line.level).toBe("info");
});
