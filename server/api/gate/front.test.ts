import { expect, test } from "bun:test";
import { admit, openContext } from "./context.ts";
import { Front } from "./front.ts";

const noPage = () => Promise.reject(new Error("nobody is logged in"));
const ask = (path: string, method = "GET") => new Request(`http://127.0.0.1:1${path}`, { method });

test("before there are routes the health is answered, through the gate", async () => {
  const front = new Front(() => null, noPage);
  const answer = await front.fetch(ask("/health"));
  expect([answer.status, answer.headers.get("x-frame-options"), await answer.json()]).toEqual([200, "DENY", expect.objectContaining({ status: "healthy" })]);
  const refusing = new Front(() => new Response(null, { status: 403 }), noPage);
  expect((await refusing.fetch(ask("/health"))).status).toBe(403);
});

test("everything else waits for the routes, which then answer for themselves", async () => {
  let refusals = 0;
  const front = new Front(() => (refusals++, new Response(null, { status: 403 })), noPage);
  const asked = [ask("/"), ask("/api/jobs"), ask("/health", "POST")];
  const waiting = asked.map((request) => front.fetch(request));
  expect(await Promise.race([...waiting, Bun.sleep(20)])).toBeUndefined();
  front.open((request) => new Response(`${request.method} ${new URL(request.url).pathname}`));
  expect(await Promise.all(waiting.map(async (answer) => (await answer).text()))).toEqual(["GET /", "GET /api/jobs", "POST /health"]);
  expect(await (await front.fetch(ask("/health"))).text()).toBe("GET /health");
  expect(refusals).toBe(1); // of the first page, which is not for strangers
});

test("who is logged in gets the first page before there are routes, with the headers of every answer", async () => {
  const seen = (request: Request) => {
    openContext(request, () => "cor-first-page");
    admit(request, null);
    return null;
  };
  const front = new Front(seen, () => Promise.resolve(new Response("the page")));
  const answer = await front.fetch(ask("/"));
  expect([await answer.text(), answer.headers.get("x-frame-options"), answer.headers.get("x-correlation-id")]).toEqual(["the page", "DENY", "cor-first-page"]);
});

test("a first page that cannot be made is left to the routes", async () => {
  const seen = (request: Request) => (openContext(request, () => "cor-first-page"), admit(request, null), null);
  const front = new Front(seen, noPage);
  const waiting = front.fetch(ask("/"));
  front.open(() => new Response("what is wrong", { status: 503 }));
  expect((await waiting).status).toBe(503);
});
