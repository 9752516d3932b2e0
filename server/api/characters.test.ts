import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Character } from "../contract/character.ts";
import { serveLibrary, type LibraryServer } from "../testing/library-server.ts";

let server: LibraryServer;
beforeEach(() => { server = serveLibrary(); });
afterEach(() => server.close());

async function call(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${server.origin}/api${path}`, {
    method, ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? null : JSON.parse(text) };
}

test("a character is made, read, changed and deleted", async () => {
  const { status, body } = await call("POST", "/characters", { name: "Ada Lovelace", trigger_word: "adax7" });
  expect(status).toBe(201);
  const ada = body as Character;
  expect(ada).toMatchObject({ name: "Ada Lovelace", triggerWord: "adax7" });
  expect(await call("GET", `/characters/${ada.id}`)).toEqual({ status: 200, body: ada });
  expect(await call("PATCH", `/characters/${ada.id}`, { description: "x" })).toMatchObject({ status: 200, body: { name: "Ada Lovelace", description: "x", warnings: [] } });
  expect(await call("PATCH", `/characters/${ada.id}`, { description: null, trigger_word: "adax8" })).toMatchObject({
    status: 200, body: { description: "", triggerWord: "adax8" },
  });
  expect(await call("DELETE", `/characters/${ada.id}`)).toEqual({ status: 204, body: null });
  expect(await call("GET", `/characters/${ada.id}`)).toMatchObject({ status: 404, body: { error: { code: "not_found" } } });
});

test("the list is always the present one", async () => {
  expect((await call("GET", "/characters")).body).toEqual([]);
  const { id } = (await call("POST", "/characters", { name: "Ada" })).body as Character;
  expect((await call("GET", "/characters")).body).toMatchObject([{ id, name: "Ada" }]);
  await call("PATCH", `/characters/${id}`, { name: "Eva" });
  expect((await call("GET", "/characters")).body).toMatchObject([{ id, name: "Eva" }]);
  await call("DELETE", `/characters/${id}`);
  expect((await call("GET", "/characters")).body).toEqual([]);
});

test.each<[string, unknown, number]>([
  ["no name", {}, 422], ["an empty name", { name: "" }, 422], ["a name of blanks", { name: "   " }, 422], ["a name that is null", { name: null }, 422],
  ["a name of 101 letters", { name: "x".repeat(101) }, 422], ["a number as name", { name: 7 }, 422],
  ["a long description", { name: "Ada", description: "x".repeat(501) }, 422], ["a common trigger word", { name: "Ada", triggerWord: "woman" }, 422],
  ["a trigger word with blanks", { name: "Ada", triggerWord: "a b" }, 422], ["an unknown name", { name: "Ada", unknown: 1 }, 422], ["both names of one thing", { name: "Ada", triggerWord: "adax7", trigger_word: "adax8" }, 422], ["a list", [], 422], ["text", "Ada", 422],
])("%s is refused with the field that is wrong", async (_what, body, status) => {
  const answer = await call("POST", "/characters", body);
  expect(answer).toMatchObject({ status, body: { error: { code: "invalid_input", what: expect.any(String), why: expect.any(String), fix: expect.any(String) } } });
  expect(server.problems).toEqual([]);
});

test("a trigger word is checked and suggested while it is typed", async () => {
  const { body } = await call("GET", "/trigger-check?name=Ada%20Lovelace");
  const { suggestion } = body as { suggestion: string };
  const { id } = (await call("POST", "/characters", { name: "Ada", triggerWord: suggestion })).body as Character;
  expect(await call("GET", `/trigger-check?word=${suggestion}`)).toMatchObject({ body: { ok: false, problem: expect.stringContaining("Ada") } });
  expect(await call("GET", `/trigger-check?word=${suggestion}&except=${id}`)).toMatchObject({ body: { ok: true, problem: "" } });
  expect(await call("POST", "/characters", { name: "Eva", triggerWord: suggestion.toUpperCase() })).toMatchObject({
    status: 409, body: { error: { code: "trigger_word_taken", fix: expect.stringContaining("for example") } },
  });
});
