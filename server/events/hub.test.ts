import { expect, test } from "bun:test";
import type { ServerMessage } from "../contract/event.ts";
import { createBus } from "./bus.ts";
import { Hub } from "./hub.ts";

function listen(hub: Hub, resume: Parameters<Hub["join"]>[1] = null, canSend = () => true) {
  const got: ServerMessage[] = [];
  let closed = "";
  const member = hub.join({ send: (text) => canSend() && (got.push(JSON.parse(text)), true), close: (why) => void (closed = why) }, resume);
  const seqs = () => got.flatMap((message) => (message.type === "event" ? [message.seq] : []));
  return { got, seqs, member: member!, closedWhy: () => closed };
}

function setUp() {
  const bus = createBus((error) => { throw error; });
  const hub = new Hub(bus, "build-1");
  const change = (count: number) => { for (let n = 0; n < count; n++) bus.publish({ type: "photos.changed", characterId: `chr-${n}` }); };
  return { bus, hub, change };
}

test("Q20, F52: a browser that dropped gets exactly what it missed, in order", () => {
  const { hub, change } = setUp();
  const first = listen(hub);
  change(5);
  first.member.leave();
  change(7);
  const second = listen(hub, { epoch: hub.epoch, since: 5, watch: [] });
  change(2);
  expect([...first.seqs(), ...second.seqs()]).toEqual(Array.from({ length: 14 }, (_, n) => n + 1));
  expect(second.got[0]).toMatchObject({ type: "hello", resumed: true });
  hub.close();
});

test("a browser that was away too long, or knew an earlier server, is told to fetch everything again", () => {
  const { hub, change } = setUp();
  change(6000);
  for (const resume of [{ epoch: hub.epoch, since: 1, watch: [] }, { epoch: "another", since: 6000, watch: [] }]) {
    expect(listen(hub, resume).got[0]).toMatchObject({ type: "hello", resumed: false });
  }
  hub.close();
});

test("events of a job reach only who watches it, also among those missed", () => {
  const { bus, hub } = setUp();
  const watcher = listen(hub);
  const other = listen(hub);
  watcher.member.watch("job-1");
  bus.publish({ type: "job.metrics", jobId: "job-1", key: "loss/loss", points: [[1, 0.5]] });
  expect([watcher.seqs(), other.seqs()]).toEqual([[1], []]);
  expect(listen(hub, { epoch: hub.epoch, since: 0, watch: ["job-1"] }).seqs()).toEqual([1]);
  expect(listen(hub, { epoch: hub.epoch, since: 0, watch: [] }).seqs()).toEqual([]);
  hub.close();
});

test("P15: a browser that cannot keep up is closed instead of filling the memory", () => {
  const { hub, change } = setUp();
  let open = true;
  const slow = listen(hub, null, () => open);
  open = false;
  change(3);
  expect(slow.closedWhy()).toContain("too slow");
  hub.close();
});

test("Q20: at the edge of what is kept, one event more or less decides between resuming and fetching everything again", () => {
  const { hub, change } = setUp();
  change(4001); // one more than is kept: the oldest thousand go, and 1001 is the oldest that is left
  const edge = listen(hub, { epoch: hub.epoch, since: 1000, watch: [] });
  expect(edge.got[0]).toMatchObject({ type: "hello", resumed: true });
  expect([edge.seqs()[0], edge.seqs().at(-1), edge.seqs().length]).toEqual([1001, 4001, 3001]);
  expect(listen(hub, { epoch: hub.epoch, since: 999, watch: [] }).got[0]).toMatchObject({ type: "hello", resumed: false });
  hub.close();
});
