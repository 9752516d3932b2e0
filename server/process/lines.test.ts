import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { OutputLine } from "../../plugins/plugin.ts";
import { LineSplitter, maxPieceBytes } from "./lines.ts";

const fixture = (name: string) => readFileSync(join(import.meta.dir, "fixtures", name));

function split(bytes: Uint8Array, from = 0): OutputLine[] {
  const lines = new LineSplitter(from);
  return [...lines.push(bytes.subarray(from)), ...lines.end()];
}

const texts = (text: string) => split(Buffer.from(text)).map((line) => (line.redraw ? `~${line.text}` : line.text));

/** Numbers that are the same in each run, so that a failure can be seen again. */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

test("ends a line at a newline, however the terminal writes it", () => {
  expect(texts("one\ntwo\r\nthree\r\r\n\n")).toEqual(["one", "two", "three", ""]);
});

test("P18: tells a text that was painted over from a line that stayed", () => {
  expect(texts("\r 10%\r 50%\r100%\r\ndone")).toEqual(["~ 10%", "~ 50%", "100%", "done"]);
  expect(texts("bar 3/5\r          \rnext\n")).toEqual(["~bar 3/5", "next"]);
});

test("P18: keeps a message that was glued to a progress bar", () => {
  expect(texts("\rjane: 42%|##| 5/12 [00:03]Error running job: Job stopped\r\n\rjane: 50%|###| 6/12]loss is nan\n")).toEqual([
    "jane: 42%|##| 5/12 [00:03]Error running job: Job stopped", "jane: 50%|###| 6/12]loss is nan",
  ]);
});

test("takes a nested bar, which moves the cursor up, as painted over", () => {
  expect(texts("outer 1\n\rinner 1\x1b[A\router 2\n\rinner 2\x1b[A")).toEqual(["outer 1", "~inner 1", "outer 2", "~inner 2"]);
});

test("F61: leaves out colours, titles and other escape sequences", () => {
  expect(texts("\x1b[32m[INFO]\x1b[0m ready\x1b[K\x1b]0;title\x07!\x1b(B\x1b7\x1b]8;;x\x1b\\link\n")).toEqual(["[INFO] ready!link"]);
  expect(texts("tab\tbell\x07 a\bb nul\0\x7f\n")).toEqual(["tab\tbell b nul"]);
});

test("P19, F61: broken escape sequences swallow no further line", () => {
  expect(texts("a\x1b[12\nb\x1b]title without end\nc\x1b\nd\n")).toEqual(["a", "b", "c", "d"]);
  const long = `\x1bP${"x".repeat(10_000)}end\n`;
  expect(texts(long).at(-1)?.endsWith("end")).toBe(true);
});

test("bytes that are no text become replacement characters, and cost no line", () => {
  const pieces = split(Buffer.from([0xff, 0xfe, 0x41, 0x0a, 0xc3, 0x0a, 0x42, 0x0a]));
  expect(pieces.map((piece) => piece.text)).toEqual(["\ufffd\ufffdA", "\ufffd", "B"]);
});

test("F58: cuts an endless line into pieces, inside no character, with little memory", () => {
  const endless = "█".repeat(400_000);
  const pieces = split(Buffer.from(endless));
  expect(pieces.map((piece) => piece.text).join("")).toBe(endless);
  for (const piece of pieces) expect(Buffer.byteLength(piece.text)).toBeLessThanOrEqual(maxPieceBytes + 3);
  expect(pieces.length).toBe(Math.ceil(1_200_000 / (maxPieceBytes + 2)));
});

test("finds what matters in a recorded training and a recorded stop", () => {
  const training = split(fixture("ai-toolkit-flux-ok.log"));
  expect(training[0]).toEqual({ text: "Running 1 job", redraw: false, offset: 15 });
  expect(training.filter((line) => line.redraw && /loss: \d/.test(line.text)).length).toBeGreaterThan(5);
  expect(training.some((line) => line.text.includes("Saved checkpoint to"))).toBe(true);
  expect(split(fixture("ai-toolkit-stop-sigint.log")).some((line) => line.text.includes("Job stopped"))).toBe(true);
});

test("text that is not finished yet can be looked at", () => {
  const lines = new LineSplitter();
  lines.push(Buffer.from("done\nloading gr\xc3", "latin1"));
  lines.push(Buffer.from([0xbc]));
  expect(lines.pending).toBe("loading grü");
});

const alphabet = ["a", "█", "😀", " ", "\n", "\r", "\r\n", "\x1b[A", "\x1b[2K", "\x1b[31m", "\x1b]0;t\x07", "\x1b", "[", "\b", "\t", "\0", "long text "];

function inputs(): Uint8Array[] {
  const random = randomNumbers(7);
  const mixed = Array.from({ length: 40 }, () => Buffer.from(Array.from({ length: 300 }, () => alphabet[random(alphabet.length)]).join("")));
  const noise = Array.from({ length: 10 }, () => Uint8Array.from({ length: 500 }, () => random(256)));
  const endless = Buffer.from(`${"é".repeat(maxPieceBytes)}\x1b[1mx\r${"y".repeat(maxPieceBytes)}\n`);
  return [...mixed, ...noise, endless, fixture("ai-toolkit-flux-ok.log"), fixture("ai-toolkit-stop-sigint.log")];
}

test("P19: pieces and offsets are the same however the bytes are cut into chunks", () => {
  const random = randomNumbers(11);
  for (const bytes of inputs()) {
    const whole = split(bytes);
    for (const longest of [1, 2, 7, 100, 5_000]) {
      const lines = new LineSplitter();
      const pieces: OutputLine[] = [];
      for (let at = 0; at < bytes.length;) {
        const size = 1 + random(longest);
        pieces.push(...lines.push(bytes.subarray(at, at + size)));
        at += size;
      }
      expect([...pieces, ...lines.end()]).toEqual(whole);
    }
  }
});

test("P19: offsets grow, stay inside the log, and reading on from any of them gives the same rest", () => {
  const random = randomNumbers(13);
  for (const bytes of inputs()) {
    const whole = split(bytes);
    let last = 0;
    for (const { offset } of whole) {
      expect(offset).toBeGreaterThan(last);
      last = offset;
    }
    expect(last).toBeLessThanOrEqual(bytes.length);
    for (let round = 0; round < 10 && whole.length > 0; round++) {
      const index = random(whole.length);
      expect(split(bytes, whole[index]?.offset)).toEqual(whole.slice(index + 1));
    }
  }
});
