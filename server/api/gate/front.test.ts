import { expect, test } from "bun:test";
import { Front } from "./front.ts";

const ask = (path: string, method = "GET") => new Request(`http://127.0.0.1:1${path}`, { method });

test("before there are routes the health is answered, through the gate", async () => {
  const front = new Front(() => null);
  const answer = await front.fetch(ask("/health"));
  expect([answer.status, answer.headers.get("x-frame-options"), await answer.json()]).toEqual([200, "DENY", expect.objectContaining({ status: "healthy" })]);
  const refusing = new Front(() => new Response(null, { status: 403 }));
  expect((await refusing.fetch(ask("/health"))).status).toBe(403);
});

test("everything else waits for the routes, which then answer for themselves", async () => {
  let refusals = 0;
  const front = new Front(() => (refusals++, new Response(null, { status: 403 })));
  const asked = [ask("/"), ask("/api/jobs"), ask("/health", "POST")];
  const waiting = asked.map((request) => front.fetch(request));
  expect(await Promise.race([...waiting, Bun.sleep(20)])).toBeUndefined();
  front.open((request) => new Response(`${request.method} ${new URL(request.url).pathname}`));
  expect(await Promise.all(waiting.map(async (answer) => (await answer).text()))).toEqual(["GET /", "GET /api/jobs", "POST /health"]);
  expect(await (await front.fetch(ask("/health"))).text()).toBe("GET /health");
  expect(refusals).toBe(0);
});
