import { expect, test } from "bun:test";
import { OutputLog } from "./output-log.ts";
import type { LogDisk } from "./output-log.ts";

const large = { segmentBytes: 1_000_000, segments: 16 };

/** A disk that can be full. */
function disk(roomBytes: number) {
  const state = { room: roomBytes, files: new Map<number, string>() };
  const fake: LogDisk = {
    open: (segment) => {
      if (segment > 0 && state.room <= 0) throw Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
      state.files.set(segment, "");
      return segment;
    },
    write: (fd, bytes) => {
      if (state.room <= 0) throw Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
      const taken = bytes.subarray(0, state.room);
      state.room -= taken.length;
      state.files.set(fd, `${state.files.get(fd)}${Buffer.from(taken).toString()}`);
      return taken.length;
    },
    close: () => {},
    drop: (segment) => {
      state.room += state.files.get(segment)?.length ?? 0;
      state.files.delete(segment);
    },
  };
  return { state, fake, text: () => [...state.files.values()].join("") };
}

test("P14: goes on while the disk is full, counts what is missing, and says so when it can", () => {
  const { state, fake, text } = disk(10);
  let now = 0;
  const log = new OutputLog(fake, large, () => now);
  log.append(Buffer.from("0123456789abcde"));
  log.append(Buffer.from("lost too"));
  expect({ text: text(), lost: log.lostBytes, last: log.lastOutput }).toEqual({ text: "0123456789", lost: 13, last: "0123456789abcdelost too" });
  state.room = 1_000;
  now += 501;
  log.append(Buffer.from("back"));
  expect(text()).toBe("0123456789\r\n[isengard: 13 bytes of output could not be written]\r\nback");
  expect(log.lostBytes).toBe(13);
});

test("tells about a gap at the end of the output too", () => {
  const { state, fake, text } = disk(3);
  const log = new OutputLog(fake, large);
  log.append(Buffer.from("abcdef"));
  state.room = 1_000;
  log.finish();
  expect(text()).toBe("abc\r\n[isengard: 3 bytes of output could not be written]\r\n");
});

test("P17: cuts the output into files of one size and keeps the first and the newest", () => {
  const { state, fake } = disk(1_000_000);
  const log = new OutputLog(fake, { segmentBytes: 10, segments: 4 });
  let written = "";
  for (let round = 0; round < 33; round++) {
    const piece = `<${round}>`;
    written += piece;
    log.append(Buffer.from(piece));
    expect(state.files.size).toBeLessThanOrEqual(4);
  }
  log.finish();
  for (const [segment, text] of state.files) expect(text).toBe(written.slice(segment * 10, segment * 10 + 10));
  const last = Math.floor((written.length - 1) / 10);
  expect([...state.files.keys()]).toEqual([0, last - 2, last - 1, last]);
  expect(log.lostBytes).toBe(0);
});

test("a full disk at the edge of two files leaves a gap there, and no file that is not full lies before another", () => {
  const { state, fake } = disk(10);
  let now = 0;
  const log = new OutputLog(fake, { segmentBytes: 10, segments: 4 }, () => now);
  log.append(Buffer.from("0123456789abc"));
  state.room = 1_000;
  now += 501;
  log.append(Buffer.from("back"));
  log.finish();
  expect(log.lostBytes).toBe(3);
  const texts = [...state.files.values()];
  // The note is longer than the three files that are kept behind the first.
  expect(texts[0]).toBe("0123456789");
  for (const text of texts.slice(0, -1)) expect(text.length).toBe(10);
  expect(texts.at(-1)).toEndWith("back");
});

test("keeps the last 4 KiB for the record of the end, however they came", () => {
  for (const size of [1, 7, 1000, 4096, 5000]) {
    const log = new OutputLog(disk(1_000_000).fake, large);
    let all = "";
    for (let at = 0; at < 12_000; at += size) {
      const piece = `${at}|`.padEnd(size, "x").slice(0, size);
      all += piece;
      log.append(Buffer.from(piece));
    }
    expect(log.lastOutput).toBe(all.slice(-4096));
  }
});
