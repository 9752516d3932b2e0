import { expect, test } from "bun:test";
import { liveStream } from "./live-stream.ts";

async function* silentAfter(chunks: number, closed: () => void): AsyncGenerator<Uint8Array> {
  try {
    for (let index = 0; index < chunks; index++) yield new Uint8Array([index]);
    await new Promise<void>(() => {});
  } finally {
    closed();
  }
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<{ bytes: number[]; error: string }> {
  const bytes: number[] = [];
  try {
    for await (const chunk of stream) bytes.push(...chunk);
  } catch (error) {
    return { bytes, error: error instanceof Error ? error.message : String(error) };
  }
  return { bytes, error: "" };
}

test("everything is passed on when the sender ends", async () => {
  const stream = new Response("abc").body!;
  expect(await collect(liveStream(stream, { idleMs: 1000 }))).toEqual({ bytes: [97, 98, 99], error: "" });
});

test("a silent sender is given up, and what came before is kept", async () => {
  const { bytes, error } = await collect(liveStream(silentAfter(3, () => {}), { idleMs: 30 }));
  expect(bytes).toEqual([0, 1, 2]);
  expect(error).toContain("in the middle");
});

test("our own side can end it with a reason, before and while it waits", async () => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error("taken over")), 20);
  expect((await collect(liveStream(silentAfter(1, () => {}), { idleMs: 10_000, signal: stop.signal }))).error).toBe("taken over");
  expect(await collect(liveStream(silentAfter(1, () => {}), { idleMs: 10_000, signal: stop.signal }))).toEqual({ bytes: [], error: "taken over" });
});

test("a reader that stops early closes the source", async () => {
  let closed = false;
  for await (const chunk of liveStream(silentAfter(5, () => { closed = true; }), { idleMs: 1000 })) if (chunk[0] === 2) break;
  expect(closed).toBe(true);
});
