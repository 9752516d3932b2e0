import { expect, test } from "bun:test";
import { OutputLog } from "./output-log.ts";

/** A disk that can be full. */
function disk(roomBytes: number) {
  const state = { room: roomBytes, text: "" };
  const write = (_fd: number, bytes: Uint8Array): number => {
    if (state.room <= 0) throw Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
    const taken = bytes.subarray(0, state.room);
    state.room -= taken.length;
    state.text += Buffer.from(taken).toString();
    return taken.length;
  };
  return { state, write };
}

test("goes on while the disk is full, counts what is missing, and says so when it can", async () => {
  const { state, write } = disk(10);
  const log = new OutputLog(1, write);
  const begun = performance.now();
  log.append(Buffer.from("0123456789abcde"));
  log.append(Buffer.from("lost too"));
  expect(performance.now() - begun).toBeLessThan(100);
  expect({ text: state.text, lost: log.lostBytes }).toEqual({ text: "0123456789", lost: 13 });
  state.room = 1_000;
  await Bun.sleep(520);
  log.append(Buffer.from("back"));
  expect(state.text).toBe("0123456789\r\n[isengard: 13 bytes of output could not be written]\r\nback");
  expect(log.lostBytes).toBe(13);
});

test("tells about a gap at the end of the output too", () => {
  const { state, write } = disk(3);
  const log = new OutputLog(1, write);
  log.append(Buffer.from("abcdef"));
  state.room = 1_000;
  log.finish();
  expect(state.text).toBe("abc\r\n[isengard: 3 bytes of output could not be written]\r\n");
});

test("keeps a log within its limit", () => {
  const { state, write } = disk(1_000_000);
  const log = new OutputLog(1, write, 100);
  for (let round = 0; round < 50; round++) log.append(Buffer.from("0123456789"));
  log.finish();
  expect(state.text.startsWith("0123456789".repeat(10))).toBe(true);
  expect(state.text).toContain("400 bytes of output could not be written");
  expect(state.text.length).toBeLessThan(200);
});
