import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { UploadOutcome } from "../contract/character.ts";
import { Uploads } from "../library/uploads/uploads.ts";
import { serveLibrary, type LibraryServer } from "../testing/library-server.ts";
import { drawPicture } from "../testing/pictures.ts";
import { waitFor } from "../testing/wait.ts";

let server: LibraryServer;
let characterId: string;
beforeEach(() => {
  server = serveLibrary();
  characterId = server.characters.create({ name: "Ada" }).id;
});
afterEach(() => server.close());

const base64 = (text: string) => Buffer.from(text).toString("base64");

function tus(method: string, path: string, headers: Record<string, string> = {}, body?: Uint8Array) {
  return fetch(`${server.origin}${path}`, {
    method, headers: { "tus-resumable": "1.0.0", ...headers }, ...(body ? { body: Uint8Array.from(body) } : {}),
  });
}

async function create(sizeBytes: number, fileName = "photo.jpg", id = characterId): Promise<string> {
  const response = await tus("POST", "/api/uploads", {
    "upload-length": String(sizeBytes), "upload-metadata": `filename ${base64(fileName)},characterId ${base64(id)}`,
  });
  expect(response.status).toBe(201);
  return response.headers.get("location")!;
}

const chunk = (path: string, offset: number, body: Uint8Array) =>
  tus("PATCH", path, { "upload-offset": String(offset), "content-type": "application/offset+octet-stream" }, body);
const offsetOf = async (path: string) => Number((await tus("HEAD", path)).headers.get("upload-offset"));
const outcomeOf = async (path: string) => (await (await tus("GET", `${path}/outcome`)).json()) as UploadOutcome;
const idOf = (path: string) => path.split("/").at(-1)!;
const partOf = (path: string, offset: number) => join(server.paths.uploads, `${idOf(path)}.${offset}`);
const sizeOf = (file: string) => (existsSync(file) ? statSync(file).size : 0);

/** Sends the head of a chunk and some of its bytes, then tears the connection down. */
async function sendAndDrop(path: string, offset: number, claimed: number, bytes: Uint8Array): Promise<void> {
  const socket = await Bun.connect({ hostname: "127.0.0.1", port: server.port, socket: { data() {} } });
  socket.write(
    `PATCH ${path} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: ${offset}\r\n` +
      `Content-Type: application/offset+octet-stream\r\nContent-Length: ${claimed}\r\n\r\n`,
  );
  socket.write(bytes);
  socket.flush();
  await waitFor("the bytes are on the disk", () => sizeOf(partOf(path, offset)) === bytes.length);
  socket.terminate();
}

test("an upload begins without bytes, and with a name in UTF-8", async () => {
  const latin1 = Buffer.from("Zo\u00eb.jpg", "latin1").toString("base64");
  const begin = (name: string, body?: Uint8Array) => tus("POST", "/api/uploads", {
    "upload-length": "9", "upload-metadata": `filename ${name},characterId ${base64(characterId)}`,
  }, body);
  expect(await (await begin(latin1)).json()).toMatchObject({ error: { code: "bad_request", what: "The upload's filename is not UTF-8." } });
  expect(await (await begin(base64("a.jpg"), new Uint8Array(9))).json()).toMatchObject({ error: { code: "bad_request", what: "An upload begins without bytes." } });
  expect((await begin(base64("a.jpg"))).status).toBe(201);
});

test("the server says what it can do", async () => {
  const response = await tus("OPTIONS", "/api/uploads");
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "tus-version": "1.0.0", "tus-extension": "creation,termination,expiration,checksum", "tus-checksum-algorithm": "sha1,sha256", "tus-max-size": "50000000",
  });
});

test("an upload in three chunks becomes a photo, and its outcome can be asked for twice", async () => {
  const bytes = await drawPicture({ width: 400, height: 300, seed: 1, format: "jpeg", gps: true });
  const path = await create(bytes.length, "Üricht 1.jpg");
  const third = Math.ceil(bytes.length / 3);
  for (let at = 0; at < bytes.length; at += third) {
    const response = await chunk(path, at, bytes.subarray(at, at + third));
    expect(response.status).toBe(204);
    expect(Number(response.headers.get("upload-offset"))).toBe(Math.min(bytes.length, at + third));
    expect(Date.parse(response.headers.get("upload-expires")!)).toBeGreaterThan(Date.now());
  }
  const outcome = await outcomeOf(path);
  expect(outcome).toMatchObject({ kind: "added", fileName: "Üricht 1.jpg", photo: { width: 400, height: 300, characterId } });
  expect(await outcomeOf(path)).toEqual(outcome);
  expect(await offsetOf(path)).toBe(bytes.length);
  expect(readdirSync(server.paths.uploads)).toEqual([]);
});

test("F55: an upload goes on where the connection broke, in the middle of a chunk", async () => {
  const bytes = await drawPicture({ width: 700, height: 500, seed: 2, format: "png", noise: true });
  const path = await create(bytes.length);
  await sendAndDrop(path, 0, bytes.length, bytes.subarray(0, 70_000));
  expect((await chunk(path, 70_000, bytes.subarray(70_000, 70_001))).status).toBe(204);
  await sendAndDrop(path, 70_001, bytes.length - 70_001, bytes.subarray(70_001, 200_000));
  expect(await offsetOf(path)).toBe(200_000);
  expect((await chunk(path, 200_000, bytes.subarray(200_000))).status).toBe(204);
  expect(await outcomeOf(path)).toMatchObject({ kind: "added", photo: { width: 700, height: 500 } });
  const [photo] = server.photos.list(characterId);
  expect(Buffer.from(await server.photos.file(photo!)!.bytes()).equals(Buffer.from(bytes))).toBe(true);
});

test.each([1, 10, 2000, 70_000, 1_000_000])("a chunk of %i bytes is counted once", async (size) => {
  const path = await create(10_000_000);
  for (const at of [0, size, 2 * size]) expect(Number((await chunk(path, at, new Uint8Array(size))).headers.get("upload-offset"))).toBe(at + size);
});

test("F55: a chunk at the wrong place is refused and changes nothing", async () => {
  const path = await create(1000);
  expect((await chunk(path, 0, new Uint8Array(100))).status).toBe(204);
  for (const offset of [0, 99, 101, 1000]) expect((await chunk(path, offset, new Uint8Array(10))).status).toBe(409);
  expect(await offsetOf(path)).toBe(100);
});

test("more bytes than were announced are refused", async () => {
  const path = await create(100);
  expect((await chunk(path, 0, new Uint8Array(101))).status).toBe(413);
  expect(await offsetOf(path)).toBeLessThanOrEqual(100);
});

test("a newer request ends one that still hangs, and goes on from its last byte", async () => {
  const bytes = await drawPicture({ width: 300, height: 300, seed: 7, format: "png", noise: true });
  const path = await create(bytes.length);
  const socket = await Bun.connect({ hostname: "127.0.0.1", port: server.port, socket: { data() {} } });
  socket.write(`PATCH ${path} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: ${bytes.length}\r\n\r\n`);
  socket.write(bytes.subarray(0, 500));
  socket.flush();
  await waitFor("the first request writes", () => sizeOf(partOf(path, 0)) === 500);
  expect((await chunk(path, 400, bytes.subarray(400))).status).toBe(409);
  expect((await chunk(path, 500, bytes.subarray(500))).status).toBe(204);
  expect((await outcomeOf(path)).kind).toBe("added");
  socket.terminate();
});

test("a hanging upload can be given up", async () => {
  const path = await create(1_000_000);
  const socket = await Bun.connect({ hostname: "127.0.0.1", port: server.port, socket: { data() {} } });
  socket.write(`PATCH ${path} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: 1000000\r\n\r\n${"x".repeat(500)}`);
  socket.flush();
  await waitFor("the first request writes", () => sizeOf(partOf(path, 0)) === 500);
  expect((await tus("DELETE", path)).status).toBe(204);
  expect(readdirSync(server.paths.uploads)).toEqual([]);
  socket.terminate();
});

test("a rejected file and an empty one have an outcome in words", async () => {
  const path = await create(4, "notes.jpg");
  await chunk(path, 0, Buffer.from("text"));
  expect(await outcomeOf(path)).toEqual({ kind: "rejected", fileName: "notes.jpg", code: "unsupported", reason: "This file is a text file, not a picture." });
  expect(await outcomeOf(await create(0))).toMatchObject({ kind: "rejected", reason: "This file is empty." });
});

test("an upload can be given up, and an unfinished one has no outcome yet", async () => {
  const path = await create(1000);
  await chunk(path, 0, new Uint8Array(10));
  expect((await tus("GET", `${path}/outcome`)).status).toBe(409);
  expect((await tus("DELETE", path)).status).toBe(204);
  expect((await tus("HEAD", path)).status).toBe(404);
  expect(readdirSync(server.paths.uploads)).toEqual([]);
});

test("wrong requests are refused with the right status", async () => {
  const post = (headers: Record<string, string>) => tus("POST", "/api/uploads", headers).then(({ status }) => status);
  const metadata = `filename ${base64("a.jpg")},characterId ${base64(characterId)}`;
  expect(await post({ "upload-length": "10", "upload-metadata": metadata, "tus-resumable": "0.2.2" })).toBe(412);
  expect(await post({ "upload-metadata": metadata })).toBe(400);
  expect(await post({ "upload-length": "-1", "upload-metadata": metadata })).toBe(400);
  expect(await post({ "upload-length": "50000001", "upload-metadata": metadata })).toBe(413);
  expect(await post({ "upload-length": "10" })).toBe(404);
  expect(await post({ "upload-length": "10", "upload-metadata": `characterId ${base64("../../x")}` })).toBe(404);
  const path = await create(10);
  expect((await tus("PATCH", path, { "upload-offset": "0", "content-type": "text/plain" }, new Uint8Array(10))).status).toBe(415);
  expect((await tus("PATCH", path, { "content-type": "application/offset+octet-stream" }, new Uint8Array(10))).status).toBe(400);
  expect(server.problems).toEqual([]);
});

test("at most 500 uploads are under way at once", async () => {
  const insert = server.db.query("insert into upload (id, character_id, file_name, size_bytes, created_at) values (?, ?, 'x', 1, '2999')");
  for (let index = 0; index < 500; index++) insert.run(`upl-${index}`, characterId);
  const response = await tus("POST", "/api/uploads", { "upload-length": "1", "upload-metadata": `characterId ${base64(characterId)}` });
  expect(response.status).toBe(429);
});

test("a start of the server keeps what is a day old at most, and goes on with it", async () => {
  const bytes = await drawPicture({ width: 90, height: 80, seed: 3, format: "png" });
  const old = await create(100);
  server.db.query("update upload set created_at = '2020-01-01T00:00:00.000Z'").run();
  writeFileSync(join(server.paths.uploads, "form-left-over"), "x");
  const path = await create(bytes.length);
  await chunk(path, 0, bytes.subarray(0, 50));
  const restarted = new Uploads(server);
  await restarted.sweep();
  expect(readdirSync(server.paths.uploads)).toEqual([`${idOf(path)}.0`]);
  expect((await tus("HEAD", old)).status).toBe(404);
  expect((await chunk(path, 50, bytes.subarray(50))).status).toBe(204);
  expect((await outcomeOf(path)).kind).toBe("added");
});

test("when the server died between the last byte and the photo, asking for the outcome finishes the work", async () => {
  const bytes = await drawPicture({ width: 90, height: 80, seed: 3, format: "png" });
  const path = await create(bytes.length);
  writeFileSync(partOf(path, 0), bytes);
  const [first, second] = await Promise.all([outcomeOf(path), outcomeOf(path)]);
  expect(first).toMatchObject({ kind: "added" });
  expect(second).toEqual(first);
});
