import { afterEach, beforeEach, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../testing/folder.ts";
import { LineSplitter } from "./lines.ts";
import { folderDisk, OutputLog } from "./output-log.ts";
import { droppedNote, listSegments, segmentName } from "./segments.ts";
import { tail } from "./tail.ts";

let folder = temporaryFolder();
beforeEach(() => { folder = temporaryFolder(); });
afterEach(() => folder.remove());

async function read(options: { segmentBytes: number; ended?: () => boolean; onBytes?: () => void }) {
  const pieces: Array<string | [number, number]> = [];
  const offset = await tail({
    dir: folder.path, segmentBytes: options.segmentBytes, from: 0,
    onChunk: (bytes, at) => {
      expect(at).toBe(seen);
      pieces.push(Buffer.from(bytes).toString());
      seen += bytes.length;
      options.onBytes?.();
    },
    onDropped: (from, to) => {
      expect(from).toBe(seen);
      pieces.push([from, to]);
      seen = to;
    },
    ended: options.ended ?? (() => true),
  });
  expect(offset).toBe(seen);
  seen = 0;
  return pieces;
}
let seen = 0;

const put = (segment: number, text: string) => writeFileSync(join(folder.path, segmentName(segment)), text);

test("reads over the edges of files as over one file", async () => {
  put(0, "0123456789");
  put(1, "abcdefghij");
  put(2, "xyz");

  expect((await read({ segmentBytes: 10 })).join("")).toBe("0123456789abcdefghijxyz");
});

test("tells exactly which bytes were dropped in the middle", async () => {
  put(0, "0123456789");
  put(9, "abcdefghij");
  put(10, "xyz");
  expect(await read({ segmentBytes: 10 })).toEqual(["0123456789", [10, 90], "abcdefghij", "xyz"]);
});

test("a file that lost its end in a power cut is told as a gap, not waited for", async () => {
  put(0, "01234");
  put(1, "abc");
  expect(await read({ segmentBytes: 10 })).toEqual(["01234", [5, 10], "abc"]);
});

test("output of an older holder is one file of any size", async () => {
  put(0, "x".repeat(700_000));
  expect((await read({ segmentBytes: Infinity })).join("").length).toBe(700_000);
});

test("P15: a reader that keeps up sees every byte although the middle is dropped behind it", async () => {
  const log = new OutputLog(folderDisk(folder.path), { segmentBytes: 1_000, segments: 4 });
  let written = "";
  let over = false;
  const reading = read({ segmentBytes: 1_000, ended: () => over });
  for (let round = 0; round < 300; round++) {
    const piece = `line ${round} ${"x".repeat(round % 90)}\r\n`;
    written += piece;
    log.append(Buffer.from(piece));
    if (round % 10 === 9) await Bun.sleep(20);
  }
  log.finish();
  over = true;
  expect((await reading).join("")).toBe(written);
  expect(listSegments(folder.path).length).toBe(4);
});

test("P15: reader and writer at any speed: what is not read is told, and the rest has its right offsets", async () => {
  const log = new OutputLog(folderDisk(folder.path), { segmentBytes: 512, segments: 4 });
  let written = "";
  let over = false;
  const pieces = read({ segmentBytes: 512, ended: () => over });
  for (let round = 0; round < 2_000; round++) {
    const piece = `${round},`;
    written += piece;
    log.append(Buffer.from(piece));
    if (round % 97 === 0) await Bun.sleep(1);
  }
  log.finish();
  over = true;
  let at = 0;
  for (const piece of await pieces) {
    if (typeof piece !== "string") {
      at = piece[1];
      continue;
    }
    expect(piece).toBe(written.slice(at, at + piece.length));
    at += piece.length;
  }
  expect(at).toBe(written.length);
});

test("lines before and behind a gap keep their offsets, and the gap is one line of its own", () => {
  const lines = new LineSplitter();
  const pieces = [...lines.push(Buffer.from("one\r\ntwo is cu\x1b[3")), ...lines.skip(900, droppedNote(882)), ...lines.push(Buffer.from("rest\r\nlast\r\n"))];
  expect(pieces).toEqual([
    { text: "one", redraw: false, offset: 5 },
    { text: "two is cu", redraw: false, offset: 17 },
    { text: "[isengard: 882 bytes of output were dropped]", redraw: false, offset: 900 },
    { text: "rest", redraw: false, offset: 906 },
    { text: "last", redraw: false, offset: 912 },
  ]);
});
