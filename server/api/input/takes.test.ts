import { Elysia, t } from "elysia";
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { ErrorBody } from "../../contract/error.ts";
import { someText } from "../../contract/text.ts";
import { wholeNumber } from "../../contract/whole-number.ts";
import { createLog } from "../../base/log.ts";
import { onError } from "../gate/on-error.ts";
import { takes } from "./takes.ts";

const Body = t.Object({
  prompt: someText({ maxLength: 20, lines: true, whenMissing: "Describe the picture first." }),
  negativePrompt: t.Optional(t.String({ maxLength: 20 })),
  seed: t.Optional(t.Union([wholeNumber({ minimum: 0, maximum: 2 ** 53 - 1 }), t.Null({ description: "random" })])),
  loras: t.Optional(t.Array(t.Object({ id: t.String({ minLength: 1 }), strength: t.Number({ minimum: -2, maximum: 2 }) }), { maxItems: 2 })),
  addTrigger: t.Optional(t.Boolean()),
  width: t.Optional(t.Number({ minimum: 256, maximum: 2048, multipleOf: 16 })),
  values: t.Optional(t.Record(t.String(), t.Unknown())),
});
const Query = t.Object({
  limit: t.Optional(wholeNumber({ minimum: 1, maximum: 500 })), tail: t.Optional(t.Boolean()), text: t.Optional(t.String({ maxLength: 10 })),
  state: t.Optional(t.Union([t.Literal("open"), t.Literal("all")])),
});

let origin: string;
let app: { stop(force: boolean): Promise<unknown> };
const problems: string[] = [];

beforeAll(() => {
  const http = new Elysia()
    .use(onError(createLog({ write: (line) => problems.push(line) }, "warn")))
    .post("/make", ({ body }) => ({ got: body }), takes({ body: Body }))
    .patch("/change", ({ body }) => ({ got: body }), takes({ body: t.Object({ caption: t.Optional(t.String()) }, { minProperties: 1 }) }))
    .post("/go", () => ({ got: "went" }), takes({}))
    .get("/list", ({ query }) => ({ got: query }), takes({ query: Query, oldQuery: { search: "text" } }))
    .get("/plain", () => ({ got: "plain" }), takes({}))
    .listen({ port: 0, hostname: "127.0.0.1" });
  app = http;
  origin = `http://127.0.0.1:${http.server!.port}`;
});
afterAll(async () => void (await app.stop(true)));

async function ask(path: string, init: RequestInit = {}): Promise<{ status: number; got: unknown; error: ErrorBody["error"] }> {
  const answer = await fetch(`${origin}${path}`, init);
  return { status: answer.status, ...(await answer.json() as { got: unknown; error: ErrorBody["error"] }) };
}

const send = (body: unknown, path = "/make", method = "POST") =>
  ask(path, { method, headers: { "content-type": "application/json" }, body: typeof body === "string" ? body : JSON.stringify(body) });

test.each<[body: unknown, path: string, words: string]>([
  [{ prompt: "a", negative_prompt: "b" }, "negative_prompt", "did you mean negativePrompt?"],
  [{ prompt: "a", negative: "b" }, "negative", "did you mean negativePrompt?"], [{ prompt: "a", promptText: "b" }, "promptText", "did you mean prompt?"],
  [{ prompt: "a", sampler: "euler" }, "sampler", "known are prompt, negativePrompt, seed"],
  [{ prompt: "a", loras: [{ id: "x", strength: 1, weight: 2 }] }, "loras.0.weight", "is not known here"],
  [{ prompt: "a", loras: [{ id: "x", strength: 3 }] }, "loras.0.strength", "must be a number from -2 to 2, not 3"],
  [{ prompt: "a", loras: [1] }, "loras.0", "must be an object with id, strength, not 1"],
  [{ prompt: "a", loras: [{}, {}, {}] }, "loras", "must be a list of at most 2 entries, not of 3"],
  [{ prompt: "a", loras: [null, null] }, "loras.0", "not null"],
  [{ prompt: "a", seed: 1.5 }, "seed", "must be a whole number from 0 to 9007199254740991, or null for random, not 1.5"],
  [{ prompt: "a", width: 1000 }, "width", "must be a multiple of 16 from 256 to 2048, not 1000"],
  [{ prompt: "a", seed: -1 }, "seed", "from 0 to 9007199254740991, or null for random"],
  [{ prompt: "a", seed: "42" }, "seed", "or null for random, not a text"],
  ['{"prompt":"a","seed":1e999}', "seed", "or null for random"],
  ['{"prompt":"a","__proto__":{"seed":1}}', "__proto__", "is not known here"],
  [{ prompt: "a", addTrigger: "true" }, "addTrigger", "must be true or false, not a text"],
  [{ prompt: "a", values: [1] }, "values", "must be an object, not a list"],
  [{}, "prompt", "Describe the picture first."], [{ prompt: "" }, "prompt", "Describe the picture first."],
  [{ prompt: "  \n " }, "prompt", "Describe the picture first."], [{ prompt: "\u0000\u202e" }, "prompt", "Describe the picture first."],
  [{ prompt: 7 }, "prompt", "Describe the picture first."],
  [{ prompt: "x".repeat(21) }, "prompt", "must be at most 20 characters long"],
  [[{ prompt: "a" }], "", "not a list"], [-305063, "", "not -305063"], [null, "", "not null"], ["a", "", "must be an object with"], ['"a"', "", "not a text"],
])("the body %j is refused at %p in words", async (body, path, words) => {
  const answer = typeof body === "string" && !body.startsWith("{") ? await send(JSON.stringify(body)) : await send(body);
  expect(answer).toMatchObject({ status: 422, error: { code: "invalid_input", fields: [{ path }] } });
  expect(`${answer.error.why}`).toContain(words);
  expect(JSON.stringify(answer.error)).not.toMatch(/Expected|Union|undefined/);
});

test.each<[query: string, path: string, words: string]>([
  ["limit=-1", "limit", "must be a whole number from 1 to 500"], ["limit=1.5", "limit", "a whole number"], ["limit=1e9", "limit", "a whole number"],
  ["limit=501", "limit", "from 1 to 500, not 501"], ["limit=", "limit", "a whole number"], ["limit=abc", "limit", "not a text"], ["limit=0x10", "limit", "whole"],
  ["limit=5&limit=6", "limit", "is given twice"], ["text=a&search=b", "search", "another name of text"], ["tail=yes", "tail", "must be true or false"], ["tail=1", "tail", "must be true or false"],
  ["state=closed", "state", "must be one of open, all, not \"closed\""], ["limt=5", "limt", "did you mean limit?"], ["text=%ff", "text", "is not UTF-8"], ["%ff=1", "query", "UTF-8"],
  [`text=${"x".repeat(11)}`, "text", "at most 10 characters"], ["__proto__=1", "__proto__", "not known"],
])("the query %p is refused at %p in words", async (query, path, words) => {
  const answer = await ask(`/list?${query}`);
  expect(answer).toMatchObject({ status: 422, error: { code: "invalid_input", fields: [{ path }] } });
  expect(answer.error.why).toContain(words);
});

test("what is inside the schema passes, with its kinds and its texts cleaned by one rule", async () => {
  expect((await ask("/list?limit=5&tail=true&text=a,b&state=all")).got).toEqual({ limit: 5, tail: true, text: "a,b", state: "all" });
  expect((await ask("/list?search=a")).got).toEqual({ text: "a" });
  const dirty = "e\u0301\u0000 \ud83d\u202e\tz\r\ny ";
  const { got } = await send({ prompt: dirty, negativePrompt: dirty, seed: null, values: { list: [dirty], "k\u0007": dirty } });
  const lines = "é  \ufffd  z\ny";
  const clean = lines.replace("\n", " ");
  expect(got).toEqual({ prompt: lines, negativePrompt: clean, seed: null, values: { list: [lines], k: lines } });
  expect((await send({ prompt: "😀".repeat(20) })).status).toBe(200);
});

test("at most a handful of problems is named, however many there are", async () => {
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`field${index}`, index]));
  const answer = await send(many);
  expect(answer.error.fields).toHaveLength(5);
  expect(JSON.stringify(answer.error).length).toBeLessThan(4000);
});

test.each<[what: string, init: RequestInit, status: number, words: string]>([
  ["no content type", { body: new TextEncoder().encode('{"prompt":"a"}') }, 415, "Send it as application/json."],
  ["a form", { body: "prompt=a", headers: { "content-type": "application/x-www-form-urlencoded" } }, 415, "application/x-www-form-urlencoded"],
  ["text", { body: '{"prompt":"a"}', headers: { "content-type": "text/plain" } }, 415, "Send it as application/json."],
  ["Latin-1", { body: Uint8Array.from([...'{"prompt":"Zo'].map((sign) => sign.charCodeAt(0)).concat(0xeb, 0x22, 0x7d)), headers: { "content-type": "application/json" } }, 400, "not UTF-8"],
  ["another charset", { body: '{"prompt":"a"}', headers: { "content-type": "application/json; charset=latin1" } }, 400, "not UTF-8"],
  ["a byte order mark", { body: '\ufeff{"prompt":"a"}', headers: { "content-type": "application/json" } }, 400, "byte order mark"],
  ["broken JSON", { body: '{"prompt":"a",}', headers: { "content-type": "application/json" } }, 400, "line 1, column 15"],
  ["one name twice", { body: '{"prompt":"a","prompt":"b"}', headers: { "content-type": "application/json" } }, 400, "twice"],
  ["a thousand brackets", { body: "[".repeat(1000), headers: { "content-type": "application/json" } }, 400, "nested"],
  ["nothing", { headers: { "content-type": "application/json" } }, 400, "no body"],
])("%s as body is refused with the way out", async (_what, init, status, words) => {
  const answer = await ask("/make", { method: "POST", ...init });
  expect(answer.status).toBe(status);
  expect(JSON.stringify(answer.error)).toContain(words);
});

test("a body is counted while it arrives, whether or not it declares a length", async () => {
  const long = JSON.stringify({ prompt: "a", values: { text: "x".repeat(300 * 1024) } });
  const headers = { "content-type": "application/json" };
  const pieces = () => new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < long.length; at += 20_000) controller.enqueue(new TextEncoder().encode(long.slice(at, at + 20_000)));
      controller.close();
    },
  });
  for (const body of [long, pieces()]) expect(await ask("/make", { method: "POST", headers, body })).toMatchObject({ status: 413, error: { code: "too_large" } });
  expect((await ask("/go", { method: "POST", headers, body: `{${" ".repeat(5000)}}` })).status).toBe(413);
});

test("JSON under a name of its own, and with its charset named, is read", async () => {
  for (const type of ["application/json; charset=utf-8", "application/vnd.isengard.v0+json", "Application/JSON"]) {
    expect((await ask("/make", { method: "POST", body: '{"prompt":"a"}', headers: { "content-type": type } })).status).toBe(200);
  }
});

test("a change that changes nothing is refused, and where nothing can be set nothing is taken", async () => {
  expect(await send({}, "/change", "PATCH")).toMatchObject({ status: 422, error: { why: "The body names nothing to change; known are caption." } });
  expect((await send({}, "/go")).status).toBe(200);
  expect((await ask("/go", { method: "POST" })).status).toBe(200);
  for (const body of [{ force: true }, [1], 7, "text"]) expect((await send(JSON.stringify(body), "/go")).status).toBe(422);
  expect((await ask("/plain?force=1")).status).toBe(422);
  expect((await ask("/plain")).status).toBe(200);
  expect(problems).toEqual([]);
});
