import { expect, test } from "bun:test";
import { join } from "node:path";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { LineSplitter } from "../process/lines.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { mutate } from "../testing/mutate.ts";
import { seededRandom } from "../testing/random.ts";
import { LineFilter, parseEntry } from "./query.ts";
import { Redactor } from "./redact.ts";
import { repairTail } from "./tail.ts";
import { viewLog } from "./view.ts";

const secret = "hf_AbCdEfGhIjKlMnOpQrStUvWx";
const entry = (line: number) =>
  `{"line":${line},"time":"2026-11-30T10:00:0${line % 10}.000Z","level":"${line % 3 === 0 ? "error" : "info"}","event":"job.line","message":"step ${line} Ω \\u001b[1m","correlationId":"cor-${line}","at":{"a":[1,2]}}\n`;
const log = Buffer.from(Array.from({ length: 40 }, (_, index) => entry(index + 1)).join(""));
const terminal = Buffer.from("\u001b[2K\rtrain:  12%|█▏  | 60/500 [00:31<03:40, 1.99it/s, lr: 1.0e-04 loss: 3.1e-01]\r\n\u001b]0;title\u0007loaded \u001b[31mred\u001b[0m\u001b[1A\r\nToken hf_none é漢\n");

test("20,000 damaged lines of a log are parsed, filtered and redacted without a throw, and no secret gets out", () => {
  const random = seededRandom(21);
  const redactor = new Redactor(["/home/ada"]);
  redactor.addSecret(secret);
  const filters = [new LineFilter({ level: "warn" }), new LineFilter({ text: "step" }), new LineFilter({ event: "job" }), new LineFilter({ correlationId: "cor-1" })];
  for (let round = 0; round < 20_000; round++) {
    const line = Buffer.from(mutate(Buffer.from(entry(1 + random(30))), random)).toString("utf8");
    const parsed = parseEntry(line);
    if (parsed !== null && !Number.isFinite(parsed.line)) throw new Error(line);
    for (const filter of filters) {
      const prepared = filter.prepare(line);
      const at = filter.next(prepared, 0);
      if (at >= 0) filter.matches(line);
    }
    const at = random(line.length + 1);
    const told = redactor.redact(`${line.slice(0, at)} ${secret} /home/ada/x ${line.slice(at)}`);
    if (told.includes(secret)) throw new Error(told);
    expect(redactor.redact(told)).toBe(told);
  }
});

test("20,000 damaged outputs of a terminal give the same pieces, however they are cut", () => {
  const random = seededRandom(22);
  for (let round = 0; round < 20_000; round++) {
    const bytes = mutate(terminal, random);
    const whole = new LineSplitter();
    const pieces = [...whole.push(bytes), ...whole.end()];
    const cut = random(bytes.length + 1);
    const parted = new LineSplitter();
    const again = [...parted.push(bytes.subarray(0, cut)), ...parted.push(bytes.subarray(cut)), ...parted.end()];
    if (JSON.stringify(pieces) !== JSON.stringify(again)) expect(again).toEqual(pieces);
    if (pieces.some(({ text, offset }) => [...text].some((sign) => sign < " " && sign !== "\t") || offset > bytes.length)) throw new Error(JSON.stringify(pieces));
  }
});

test("400 damaged log files are shown, counted and gone on with", async () => {
  const random = seededRandom(23);
  using folder = temporaryFolder();
  const path = join(folder.path, "log.jsonl");
  for (let round = 0; round < 400; round++) {
    writeFileSync(path, mutate(log, random));
    for (const query of [{}, { level: "warn" as const }, { text: "step", tail: true, limit: 5 }, { after: 7, offset: 3 }]) {
      const page = await viewLog([path], query);
      expect(page.entries.length).toBeLessThanOrEqual(200);
      expect(page.total).toBeGreaterThanOrEqual(0);
    }
    const fd = openSync(path, "r+");
    const { size } = repairTail(fd);
    closeSync(fd);
    const left = readFileSync(path);
    expect([left.length, left.length === 0 || left.at(-1) === 10]).toEqual([size, true]);
  }
}, 60_000);
