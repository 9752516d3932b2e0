import { expect, test } from "bun:test";
import type { AppEvent } from "../../../server/contract/event.ts";
import { waitFor } from "../../../server/testing/wait.ts";
import { QuietSocket } from "../../testing/app.ts";
import { TestClock } from "../../testing/clock.ts";
import { createConnectionModel } from "./ConnectionModel.ts";

function setUp() {
  const sockets: QuietSocket[] = [];
  const applied: AppEvent[] = [];
  const fetches: Array<PromiseWithResolvers<{ epoch: string; seq: number }>> = [];
  const clock = new TestClock();
  const model = createConnectionModel({
    position: { epoch: "e1", seq: 5, build: "b1" },
    clock,
    connect: (query) => {
      const socket = new QuietSocket(query);
      sockets.push(socket);
      return socket;
    },
    apply: (event) => applied.push(event),
    refetch: () => {
      const pending = Promise.withResolvers<{ epoch: string; seq: number }>();
      fetches.push(pending);
      return pending.promise;
    },
  });
  model.start();
  return { model, sockets, applied, fetches, clock, last: () => sockets.at(-1)! };
}
const removed = (seq: number) => ({ type: "event", seq, event: { type: "job.removed", jobId: `job-${seq}` } });

test("when the server cannot resume, everything is fetched and the events that came meanwhile are applied once", async () => {
  const { model, last, applied, fetches, clock } = setUp();
  last().say({ type: "hello", epoch: "e2", seq: 10, build: "b1", resumed: false });
  last().say(removed(11));
  last().say(removed(12));
  expect(applied).toHaveLength(0);
  fetches[0]!.resolve({ epoch: "e2", seq: 11 });
  await waitFor("the held event is applied", () => applied.length > 0);
  expect(applied.map((event) => event.type === "job.removed" && event.jobId)).toEqual(["job-12"]);
  last().close();
  clock.pass(1000);
  expect(last().query).toBe("?epoch=e2&since=12");
  model.dispose();
});

test("when fetching everything fails, the next connection asks for it again", async () => {
  const { model, sockets, last, applied, fetches, clock } = setUp();
  last().say({ type: "hello", epoch: "e2", seq: 10, build: "b1", resumed: false });
  fetches[0]!.reject(new Error("The server did not answer."));
  await waitFor("the connection is given up", () => model.state.value.kind === "lost");
  clock.pass(1000);
  expect(last().query).toBe("?epoch=&since=0");
  last().say({ type: "hello", epoch: "e2", seq: 12, build: "b1", resumed: false });
  last().say(removed(13));
  fetches[1]!.resolve({ epoch: "e2", seq: 12 });
  await waitFor("the page goes on", () => applied.length === 1);
  expect(sockets).toHaveLength(2);
  model.dispose();
});

test("a resumed connection fetches nothing and applies at once", () => {
  const { model, last, applied, fetches } = setUp();
  last().say({ type: "hello", epoch: "e1", seq: 5, build: "b1", resumed: true });
  last().say(removed(6));
  expect(applied).toHaveLength(1);
  expect(fetches).toHaveLength(0);
  model.dispose();
});

test("a server with another build is announced", () => {
  const { model, last } = setUp();
  last().say({ type: "hello", epoch: "e1", seq: 5, build: "b1", resumed: true });
  expect(model.updated.value).toBe(false);
  last().say({ type: "hello", epoch: "e1", seq: 5, build: "b2", resumed: true });
  expect(model.updated.value).toBe(true);
  model.dispose();
});

test("coming back to the tab or going online tries at once", () => {
  const { model, sockets, last } = setUp();
  last().close();
  dispatchEvent(new Event("online"));
  expect(sockets).toHaveLength(2);
  last().close();
  document.dispatchEvent(new Event("visibilitychange"));
  expect(sockets).toHaveLength(3);
  model.dispose();
});
