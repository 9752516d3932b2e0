import { afterEach, describe, expect, test } from "bun:test";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createLog } from "../base/log.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { Redactor } from "./redact.ts";
import { RotatingFile, type RotatingFileOptions } from "./rotating-file.ts";

let folder = temporaryFolder();
afterEach(() => {
  folder.remove();
  folder = temporaryFolder();
});
const pathOf = () => join(folder.path, "service.jsonl");
const open = (options: Partial<RotatingFileOptions> = {}) => new RotatingFile({ path: pathOf(), redactor: new Redactor([]), ...options });
const linesOf = (path: string) => readFileSync(path, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);

describe("the service log file", () => {
  test("takes pino's lines, numbers and redacts them, and is readable by the owner only", () => {
    const file = open();
    createLog(file, "info").child({ correlationId: "cor-1" }).info("app.started", "ready, password=hunter22", { port: 8720 });
    file.close();
    expect(linesOf(pathOf())).toMatchObject([{ line: 1, level: "info", event: "app.started", correlationId: "cor-1", port: 8720, message: "ready, password=[redacted]" }]);
    expect(statSync(pathOf()).mode & 0o777).toBe(0o600);
  });

  test("rotates by size, keeps the newest files, and counts lines on across files and restarts", () => {
    for (let start = 0; start < 4; start++) {
      const file = open({ maxBytes: 1000, maxFiles: 3 });
      for (let index = 0; index < 25; index++) file.write(`{"level":"info","message":"${"x".repeat(40)}"}\n`);
      file.close();
    }
    const files = [`${pathOf()}.2`, `${pathOf()}.1`, pathOf()];
    const numbers = files.flatMap((path) => linesOf(path).map((line) => line["line"] as number));
    expect(numbers.at(-1)).toBe(100);
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => 101 - numbers.length + index));
    for (const path of files) expect(statSync(path).size).toBeLessThanOrEqual(1000);
    expect(existsSync(`${pathOf()}.3`)).toBe(false);
  });

  test("rotates by age and removes files that are too old", () => {
    writeFileSync(`${pathOf()}.1`, '{"line":1,"message":"old"}\n');
    utimesSync(`${pathOf()}.1`, 1, 1);
    let now = Date.now();
    const file = open({ rotateAfterMs: 3_600_000, now: () => now });
    expect(existsSync(`${pathOf()}.1`)).toBe(false);
    file.write('{"message":"a"}\n');
    now += 3_700_000;
    file.write('{"message":"b"}\n');
    file.close();
    expect(linesOf(`${pathOf()}.1`)).toMatchObject([{ message: "a" }]);
    expect(linesOf(pathOf())).toMatchObject([{ message: "b" }]);
  });

  test("cuts off a line that a crash tore", () => {
    const before = open();
    before.write('{"message":"whole"}\n');
    before.close();
    appendFileSync(pathOf(), '{"line":2,"message":"to');
    const after = open();
    after.write('{"message":"next"}\n');
    after.close();
    expect(linesOf(pathOf())).toMatchObject([{ line: 1, message: "whole" }, { line: 2, message: "next" }]);
  });

  test("counts lines while its folder is missing, and reports them when it is back", () => {
    const missing = join(folder.path, "gone");
    const file = open({ path: join(missing, "service.jsonl") });
    for (let index = 0; index < 3; index++) file.write('{"message":"lost"}\n');
    expect(file.lost).toBe(3);
    mkdirSync(missing);
    file.write('{"message":"kept"}\n');
    expect(file.lost).toBe(0);
    file.close();
    expect(linesOf(join(missing, "service.jsonl"))).toMatchObject([{ line: 1, event: "log.lost", count: 3 }, { line: 2, message: "kept" }]);
    rmSync(missing, { recursive: true });
  });

  test("F40: goes on after the disk was full in the middle of a line, without a torn line in the file", async () => {
    const path = join(import.meta.dir, "testing", "full-disk.ts");
    const child = Bun.spawn(["/bin/sh", "-c", 'ulimit -f 8; exec "$0" "$1" "$2"', process.execPath, path, pathOf()], { stdout: "pipe", stderr: "pipe" });
    const [out, err, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(Number(out)).toBeGreaterThan(0);
    const lines = linesOf(pathOf());
    expect(lines.map((line) => line["line"])).toEqual(lines.map((_, index) => index + 1));
    const file = open();
    file.write('{"message":"room again"}\n');
    file.close();
    expect(linesOf(pathOf()).at(-1)).toMatchObject({ line: lines.length + 1, message: "room again" });
  });
});
