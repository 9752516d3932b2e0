import { describe, expect, test } from "bun:test";
import type { AppEvent } from "../server/contract/event.ts";
import { backOffMs, createEventSocket, maxWatched, type SocketState } from "./socket.ts";
import { QuietSocket } from "./testing/app.ts";
import { TestClock } from "./testing/clock.ts";

const hello = { type: "hello", epoch: "e1", seq: 5, build: "b1", resumed: true };

function setUp() {
  const clock = new TestClock();
  const sockets: QuietSocket[] = [];
  const states: SocketState[] = [];
  const events: AppEvent[] = [];
  const socket = createEventSocket({
    clock,
    position: { epoch: "e1", seq: 5 },
    connect: (query) => {
      const next = new QuietSocket(query);
      sockets.push(next);
      return next;
    },
    handlers: { onState: (state) => states.push(state), onEvent: (event) => events.push(event), onHello: () => undefined },
  });
  socket.start();
  return { clock, sockets, states, events, socket, last: () => sockets.at(-1)!, state: () => states.at(-1)?.kind ?? "connecting" };
}

test("the waits between attempts are 1, 2, 4, 8, 15, 15 … seconds", () => {
  expect([1, 2, 3, 4, 5, 6, 50].map(backOffMs)).toEqual([1000, 2000, 4000, 8000, 15000, 15000, 15000]);
});

describe("a connection", () => {
  test("is live after the first message, slow after 8 s of silence, lost after 15 s", () => {
    const { clock, last, state } = setUp();
    expect(state()).toBe("connecting");
    last().say(hello);
    expect(state()).toBe("live");
    clock.pass(7_999);
    expect(state()).toBe("live");
    clock.pass(1);
    expect(state()).toBe("late");
    last().say({ type: "beat", seq: 5, time: "" });
    expect(state()).toBe("live");
    clock.pass(14_999);
    expect(state()).toBe("late");
    clock.pass(1);
    expect(state()).toBe("lost");
  });

  test("that the server closes is tried again for ever, with growing waits", () => {
    const { clock, sockets, last, states } = setUp();
    const waits: number[] = [];
    for (let attempt = 0; attempt < 30; attempt++) {
      last().close();
      const state = states.at(-1)!;
      if (state.kind !== "lost" || state.retryAt === null) throw new Error(`The state is ${state.kind}.`);
      waits.push(state.retryAt - clock.now());
      clock.pass(state.retryAt - clock.now());
    }
    expect(sockets).toHaveLength(31);
    expect(waits.slice(0, 6)).toEqual([1000, 2000, 4000, 8000, 15000, 15000]);
  });

  test("goes on from the last event and keeps when it was lost over failed attempts", () => {
    const { clock, last, states, events } = setUp();
    last().say(hello);
    last().say({ type: "event", seq: 9, event: { type: "job.removed", jobId: "job-1" } });
    expect(events).toHaveLength(1);
    const lostAt = clock.now();
    last().close();
    clock.pass(1000);
    expect(last().query).toBe("?epoch=e1&since=9");
    last().close();
    clock.pass(500);
    const state = states.at(-1)!;
    expect(state.kind === "lost" && state.since).toBe(lostAt);
    clock.pass(1500);
    last().say({ ...hello, seq: 9 });
    expect(states.at(-1)).toEqual({ kind: "live" });
  });

  test("of a restarted server takes its new numbering", () => {
    const { clock, last } = setUp();
    last().say({ ...hello, epoch: "e2", seq: 2, resumed: false });
    last().close();
    clock.pass(1000);
    expect(last().query).toBe("?epoch=e2&since=2");
  });

  test("is tried at once when the person or the browser asks, but never twice at a time", () => {
    const { socket, sockets, last, clock } = setUp();
    last().close();
    socket.retryNow();
    expect(sockets).toHaveLength(2);
    socket.retryNow();
    clock.pass(1000);
    expect(sockets).toHaveLength(2);
    last().say(hello);
    socket.retryNow();
    expect(sockets).toHaveLength(2);
  });

  test("a stale socket that speaks late is not heard", () => {
    const { clock, sockets, last, events } = setUp();
    last().say(hello);
    clock.pass(15_000);
    sockets[0]!.say({ type: "event", seq: 6, event: { type: "job.removed", jobId: "job-1" } });
    expect(events).toHaveLength(0);
  });

  test("watches a job until as many unwatched as watched, and names it again on the next connection", () => {
    const { clock, socket, last } = setUp();
    socket.watch("job-1");
    last().say({ ...hello, resumed: false });
    expect(last().sent).toEqual(['{"type":"watch","jobId":"job-1"}']);
    socket.watch("job-1");
    socket.unwatch("job-1");
    last().close();
    clock.pass(1000);
    expect(last().query).toContain("&watch=job-1");
    last().say(hello);
    socket.unwatch("job-1");
    expect(last().sent).toEqual(['{"type":"unwatch","jobId":"job-1"}']);
  });

  test("watches at most as many jobs as the server allows", () => {
    const { socket, last } = setUp();
    last().say(hello);
    for (let index = 0; index < maxWatched + 3; index++) socket.watch(`job-${index}`);
    expect(last().sent).toHaveLength(maxWatched);
  });

  test("stays closed once it is closed", () => {
    const { clock, socket, sockets } = setUp();
    socket.close();
    clock.pass(60_000);
    expect(sockets).toHaveLength(1);
  });
});
