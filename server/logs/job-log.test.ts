import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AppEvent } from "../contract/event.ts";
import { createBus } from "../events/bus.ts";
import { newId } from "../base/ids.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { waitFor } from "../testing/wait.ts";
import { JobLogs, type JobLogsOptions } from "./job-log.ts";
import { Redactor } from "./redact.ts";

let folder: ReturnType<typeof temporaryFolder>;
let events: AppEvent[];
beforeEach(() => {
  folder = temporaryFolder();
  events = [];
});
afterEach(() => folder.remove());

const jobId = newId("job");
function logsOf(options: Partial<JobLogsOptions> = {}): JobLogs {
  const bus = createBus((error) => {
    throw error;
  });
  bus.subscribe(({ event }) => events.push(event));
  return new JobLogs({ folder: folder.path, redactor: new Redactor(["/home/alice"]), bus, ...options });
}
const rawLines = (logs: JobLogs) => readFileSync(logs.fileOf(jobId), "utf8").trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
const published = () => events.flatMap((event) => (event.type === "job.log" ? event.entries : []));

describe("a job's log", () => {
  test("keeps one JSON line per entry, with its number, job and correlation id, readable by the owner only", async () => {
    const logs = logsOf();
    const log = logs.open(jobId, { correlationId: "cor-a" });
    log.write("info", "job.started", "training begins in /home/alice/x", { attempt: 1 });
    log.write("warn", "tool.line", "a\n\u001b[31mb", { run: "train-1", offset: 12 });
    log.close();
    expect(rawLines(logs)).toMatchObject([
      { line: 1, level: "info", event: "job.started", message: "training begins in ~/x", jobId, correlationId: "cor-a", attempt: 1 },
      { line: 2, level: "warn", event: "tool.line", message: "a\n\u001b[31mb", run: "train-1", offset: 12 },
    ]);
    expect(statSync(logs.fileOf(jobId)).mode & 0o777).toBe(0o600);
    const page = await logs.view(jobId, {});
    expect(page.entries).toEqual(published());
    expect(page.entries[0]!.fields).toEqual({ correlationId: "cor-a", attempt: 1 });
  });

  test("goes on counting after a crash that tore the last line", async () => {
    const first = logsOf();
    const before = first.open(jobId, { correlationId: "cor-a" });
    before.write("info", "a", "one");
    before.write("info", "a", "two");
    before.close();
    appendFileSync(first.fileOf(jobId), '{"line":3,"time":"2026-11-21T0');
    const second = logsOf();
    const after = second.open(jobId, { correlationId: "cor-b" });
    after.write("info", "a", "three");
    after.close();
    expect(rawLines(second).map((line) => [line["line"], line["message"]])).toEqual([[1, "one"], [2, "two"], [3, "three"]]);
  });

  test("shares its numbering between all who have it open", () => {
    const logs = logsOf();
    const queue = logs.open(jobId, { correlationId: "cor-a" });
    const runner = logs.open(jobId, { correlationId: "cor-b" });
    queue.write("info", "a", "one");
    runner.write("info", "a", "two");
    queue.close();
    queue.write("info", "a", "after close");
    runner.write("info", "a", "three");
    runner.close();
    expect(rawLines(logs).map((line) => [line["line"], line["message"], line["correlationId"]])).toEqual([[1, "one", "cor-a"], [2, "two", "cor-b"], [3, "three", "cor-b"]]);
  });

  test("is written within a moment without being asked", async () => {
    const logs = logsOf();
    const log = logs.open(jobId, { correlationId: "cor-a" });
    log.write("info", "a", "one");
    await waitFor("the line is in the file", () => existsSync(logs.fileOf(jobId)) && statSync(logs.fileOf(jobId)).size > 0, 1000);
    await waitFor("the line is published", () => published().length === 1, 1000);
    log.close();
  });

  test("is published in batches of at most 200 entries, in order", () => {
    const log = logsOf().open(jobId, { correlationId: "cor-a" });
    for (let index = 0; index < 450; index++) log.write("info", "a", `line ${index}`);
    log.close();
    expect(events.map((event) => (event.type === "job.log" ? event.entries.length : -1))).toEqual([200, 200, 50]);
    expect(published().map((entry) => entry.line)).toEqual(Array.from({ length: 450 }, (_, index) => index + 1));
  });

  test("tells the largest offset of each run, also after a restart, so that no line is doubled or missed", () => {
    const first = logsOf();
    const log = first.open(jobId, { correlationId: "cor-a" });
    expect(log.lastOffset("train-1")).toBe(-1);
    for (let index = 1; index <= 3000; index++) log.write("info", "tool.line", `one ${index}`, { run: "train-1", offset: index * 10 });
    for (let index = 1; index <= 20_000; index++) log.write("info", "tool.line", `two ${index} "run":"train-1","offset":99999`, { run: "train-2", offset: index * 7 });
    expect(log.lastOffset("train-1")).toBe(30_000);
    first.flushAll();
    const again = logsOf().open(jobId, { correlationId: "cor-a" });
    expect(again.lastOffset("train-1")).toBe(30_000);
    expect(again.lastOffset("train-2")).toBe(140_000);
    expect(again.lastOffset("train")).toBe(-1);
    again.close();
    log.close();
  });

  test("misses and doubles no line of a child when its writer is killed with -9 again and again", async () => {
    const count = 60_000;
    const program = join(import.meta.dir, "testing", "killed-writer.ts");
    const path = logsOf().fileOf(jobId);
    const sizeNow = () => (existsSync(path) ? statSync(path).size : 0);
    let kills = 0;
    for (;;) {
      const before = sizeNow();
      const child = Bun.spawn([process.execPath, program, folder.path, jobId, String(count)], { stdout: "inherit", stderr: "inherit" });
      if (kills < 10) {
        await waitFor("it wrote something", () => sizeNow() > before || child.exitCode !== null);
        await Bun.sleep(Math.random() * 15);
        child.kill("SIGKILL");
      }
      await child.exited;
      if (child.exitCode === 0) break;
      kills += 1;
    }
    expect(kills).toBeGreaterThanOrEqual(5);
    const lines = rawLines(logsOf());
    expect(lines.length).toBe(count);
    expect(lines.every((line, index) => line["line"] === index + 1 && line["offset"] === (index + 1) * 10)).toBe(true);
  });

  test("cuts a message at 8 KiB and says so, without leaving half a secret at the cut", () => {
    const logs = logsOf();
    const log = logs.open(jobId, { correlationId: "cor-a" });
    const secret = `hf_${"Q".repeat(34)}`;
    log.write("info", "a", `${"x ".repeat(4090)}${secret}${" y".repeat(50_000)}`);
    log.close();
    const message = rawLines(logs)[0]!["message"] as string;
    expect(message).toEndWith("[cut here: the whole message had 108217 characters]");
    expect(message.length).toBeLessThan(8300);
    expect(message).not.toContain("hf_Q");
  });

  test("hides secrets in messages, fields and events of the bus, and survives fields that JSON cannot hold", () => {
    const redactor = new Redactor([]);
    redactor.addSecret('odd "secret" \\value');
    const logs = logsOf({ redactor });
    const log = logs.open(jobId, { correlationId: "cor-a" });
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    log.write("info", "a", 'has odd "secret" \\value', { password: "hunter2!", deep: { list: ['odd "secret" \\value'] }, line: 7, big: 10n });
    log.write("info", "a", "circle", { circle });
    log.liveLine("token=abcdefgh1234");
    log.close();
    const all = readFileSync(logs.fileOf(jobId), "utf8") + JSON.stringify(events);
    for (const secret of ["secret\\", "hunter2", "abcdefgh1234"]) expect(all).not.toContain(secret);
    expect(rawLines(logs)).toMatchObject([{ line: 1, field_line: 7, big: "10", password: "[redacted]" }, { line: 2, message: "circle" }]);
  });

  test("P18: sends the live line at once, then at most ten times a second, and the last one always", async () => {
    const log = logsOf().open(jobId, { correlationId: "cor-a" });
    const texts = () => events.flatMap((event) => (event.type === "job.live-line" ? [event.text] : []));
    log.liveLine("0");
    expect(texts()).toEqual(["0"]);
    const start = performance.now();
    for (let index = 1; index <= 300; index++) {
      log.liveLine(String(index));
      if (index % 10 === 0) await Bun.sleep(5);
    }
    await waitFor("the last one arrives", () => texts().at(-1) === "300", 2000);
    expect(texts().length).toBeLessThanOrEqual(2 + Math.ceil((performance.now() - start) / 100));
    log.liveLine("last");
    log.close();
    expect(texts().at(-1)).toBe("last");
  });

  test("reports lines that the disk refused once it works again", async () => {
    const missing = join(folder.path, "file-in-the-way");
    writeFileSync(missing, "");
    const logs = logsOf({ folder: missing });
    const log = logs.open(jobId, { correlationId: "cor-a" });
    for (let index = 0; index < 1000; index++) log.write("info", "a", "x".repeat(8000));
    logs.flushAll();
    rmSync(missing);
    mkdirSync(missing);
    log.write("info", "a", "works again");
    log.close();
    const lines = rawLines(logs);
    const lost = lines[0]!;
    expect(lost).toMatchObject({ event: "log.lost", level: "warn" });
    expect((lost["count"] as number) + lines.length - 1).toBe(1001);
    expect(lines.at(-1)).toMatchObject({ line: 1001, message: "works again" });
    expect(published().length).toBe(1001);
  });

  test("stops growing at its limit, but still takes warnings and errors", () => {
    const logs = logsOf({ limitBytes: 20_000 });
    const log = logs.open(jobId, { correlationId: "cor-a" });
    for (let index = 0; index < 500; index++) log.write("info", "a", "x".repeat(100));
    log.write("error", "job.failed", "the end");
    log.close();
    const lines = rawLines(logs);
    expect(lines.filter((line) => line["event"] === "log.full").length).toBe(1);
    expect(lines.at(-1)).toMatchObject({ event: "job.failed" });
    expect(statSync(logs.fileOf(jobId)).size).toBeLessThan(22_000);
  });

  test("is gone after remove, and late writes do not bring it back", () => {
    const logs = logsOf();
    const log = logs.open(jobId, { correlationId: "cor-a" });
    log.write("info", "a", "one");
    logs.remove(jobId);
    log.write("info", "a", "late");
    log.close();
    expect(existsSync(logs.fileOf(jobId))).toBe(false);
  });

  test.each(["../../etc/passwd", "job-", "", "job-01arz3ndektsv4rrffq69g5fa/", `${jobId}\n`, `${jobId}/../x`, jobId.toUpperCase()])("refuses %j as a job's id", async (id) => {
    const logs = logsOf();
    expect(() => logs.fileOf(id)).toThrow("There is no job");
    expect(() => logs.open(id, { correlationId: "c" })).toThrow("There is no job");
    expect(() => logs.remove(id)).toThrow("There is no job");
    expect(logs.view(id, {})).rejects.toThrow("There is no job");
  });

  test("does not follow a link in the log folder", () => {
    const target = join(folder.path, "target");
    writeFileSync(target, "untouched");
    const logs = logsOf({ folder: join(folder.path, "logs") });
    mkdirSync(join(folder.path, "logs"));
    symlinkSync(target, logs.fileOf(jobId));
    const log = logs.open(jobId, { correlationId: "cor-a" });
    log.write("info", "a", "one");
    log.close();
    expect(readFileSync(target, "utf8")).toBe("untouched");
  });
});
