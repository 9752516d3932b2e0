import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Character, Photo } from "../contract/character.ts";
import { escapeCorpus, obeyed } from "../testing/escape-corpus.ts";
import { serveLibrary, type LibraryServer } from "../testing/library-server.ts";
import { drawPicture } from "../testing/pictures.ts";

let server: LibraryServer;
beforeEach(() => void (server = serveLibrary()));
afterEach(() => server.close());

async function call(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${server.origin}${path}`, { method, ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }) });
  return { status: answer.status, text: await answer.text() };
}

test("F61: names, descriptions, file names and captions keep no character that a terminal obeys", async () => {
  const picture = await drawPicture({ width: 64, height: 64, seed: 1, format: "png" });
  for (const [index, text] of escapeCorpus.entries()) {
    const made = await call("POST", "/api/characters", { name: `n ${text}`, description: `d ${text}`, triggerWord: `word${index}x7` });
    expect(made.status).toBe(201);
    const character = JSON.parse(made.text) as Character;
    const form = new FormData();
    form.append("files", new File([picture as BlobPart], `f ${text.replaceAll(/[\r\n"]/g, "")}.png`, { type: "image/png" }));
    const sent = await fetch(`${server.origin}/api/characters/${character.id}/images`, { method: "POST", body: form });
    expect(sent.status).toBe(201);
    const { images } = JSON.parse((await call("GET", `/api/characters/${character.id}/images`)).text) as { images: Photo[] };
    const captioned = await call("PATCH", `/api/characters/${character.id}/images/${images[0]!.id}`, { caption: `c ${text}` });
    const photo = JSON.parse(captioned.text) as Photo;
    for (const stored of [character.name, character.description, photo.originalName, photo.caption]) {
      expect({ stored, obeyed: obeyed.test(stored), formed: stored.isWellFormed() }).toMatchObject({ obeyed: false, formed: true });
    }
    expect(photo.originalName).not.toMatch(/[/\\]/);
    expect((await call("DELETE", `/api/characters/${character.id}`)).status).toBe(204);
  }
  expect(server.problems).toEqual([]);
}, 30_000);

test("T36: texts that are far too long or deep are refused in words, and nothing is stored", async () => {
  const deep = "[".repeat(20_000) + "]".repeat(20_000);
  const bodies = [
    JSON.stringify({ name: "x".repeat(10_000_000) }), JSON.stringify({ name: "Ada", description: "x".repeat(501) }), JSON.stringify({ name: "Ada", triggerWord: "x".repeat(51) }),
    `{"name":${deep}}`, `{"name":"Ada","tags":${JSON.stringify(Array.from({ length: 300_000 }, () => "tag"))},"triggerWord":7}`, `{"__proto__":{"name":"Ada"}}`, "null", "[]", '"Ada"', "{",
  ];
  for (const body of bodies) {
    const answer = await fetch(`${server.origin}/api/characters`, { method: "POST", headers: { "content-type": "application/json" }, body });
    const text = await answer.text();
    expect({ body: body.slice(0, 40), text: text.slice(0, 300), isRefused: [400, 413, 422].includes(answer.status) }).toMatchObject({ isRefused: true });
    expect(text.length).toBeLessThan(20_000);
  }
  expect(server.characters.list()).toEqual([]);
  expect(server.problems).toEqual([]);
}, 30_000);

test("T36: rows that something else has broken are still listed, shown and deleted by their id", async () => {
  const { id } = server.characters.create({ name: "Ada" });
  server.db.run("pragma ignore_check_constraints = on");
  server.db.query("update character set name = ?, description = ? where id = ?").run("\x1b[31m".repeat(200_000), "\0".repeat(100_000), id);
  server.db.query(
    `insert into photo (id, character_id, sha256, original_name, media_type, width, height, size_bytes, created_at)
     values ('pho-broken', ?, 'x', ?, 'text/html', -1, 0, -5, 'yesterday')`,
  ).run(id, "../".repeat(10_000));
  expect((await call("GET", "/api/characters")).status).toBe(200);
  expect((await call("GET", `/api/characters/${id}`)).status).toBe(200);
  expect((await call("GET", `/api/characters/${id}/images`)).text).toContain("pho-broken");
  expect((await call("GET", `/api/characters/${id}/images/pho-broken`)).status).toBe(404);
  expect((await call("GET", `/api/characters/${id}/images/pho-broken/thumbnail`)).status).toBe(404);
  expect((await call("DELETE", `/api/characters/${id}/images/pho-broken`)).status).toBe(204);
  expect((await call("DELETE", `/api/characters/${id}`)).status).toBe(204);
  expect(server.problems).toEqual([]);
});
