import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Photo } from "../contract/character.ts";
import { serveLibrary, type LibraryServer } from "../testing/library-server.ts";
import { drawLora } from "../testing/lora-file.ts";
import { plantJob } from "../testing/library.ts";
import { drawPicture } from "../testing/pictures.ts";

let server: LibraryServer;
let characterId: string;
let photo: Photo;
let bytes: Uint8Array;
beforeAll(async () => {
  server = serveLibrary();
  characterId = server.characters.create({ name: "Ada" }).id;
  bytes = await drawPicture({ width: 200, height: 100, seed: 1, format: "png" });
  photo = (await send([["files", "first.png", bytes]])).body.uploaded[0]!;
});
afterAll(() => server.close());

async function send(files: Array<[field: string, name: string, bytes: Uint8Array | string]>, id = characterId) {
  const form = new FormData();
  for (const [field, name, content] of files) form.append(field, new File([typeof content === "string" ? content : Uint8Array.from(content)], name));
  const response = await fetch(`${server.origin}/api/characters/${id}/images`, { method: "POST", body: form });
  type Body = { uploaded: Photo[]; duplicates: Array<{ filename: string; photo: Photo }>; rejected: unknown[]; totalImages: number; error: { code: string } };
  return { status: response.status, body: (await response.json()) as Body };
}

test("a form with many files says what became of each and leaves no temporary file", async () => {
  const { id } = server.characters.create({ name: "Eva" });
  const many = await Promise.all([1, 2, 3].map(async (seed) => ["files", `${seed}.jpg`, await drawPicture({ width: 90, height: 90, seed, format: "jpeg" })] as const));
  const { status, body } = await send([...many.map((entry) => [...entry] as [string, string, Uint8Array]), ["files", "again.jpg", many[0]![2]], ["files", "Ünï “x”.jpg", "just text"]], id);
  expect(status).toBe(201);
  expect(body.uploaded.map(({ originalName }) => originalName)).toEqual(["1.jpg", "2.jpg", "3.jpg"]);
  expect(body.duplicates).toMatchObject([{ filename: "again.jpg", photo: { originalName: "1.jpg" } }]);
  expect(body.rejected).toEqual([{ filename: "Ünï “x”.jpg", code: "unsupported", reason: "This file is a text file, not a picture." }]);
  expect(body.totalImages).toBe(3);
  expect(readdirSync(server.paths.uploads)).toEqual([]);
});

test("curl can send files", async () => {
  const path = join(server.paths.root, "from curl.png");
  writeFileSync(path, await drawPicture({ width: 77, height: 99, seed: 5, format: "png" }));
  const curl = Bun.spawn(["curl", "-s", "-F", `files=@${path}`, "-F", `files=@${path}`, `${server.origin}/api/characters/${characterId}/images`]);
  expect(await new Response(curl.stdout).json()).toMatchObject({ uploaded: [{ originalName: "from curl.png" }], duplicates: [{}], rejected: [] });
});

test("a form without files, no form, and an unknown character are refused in words", async () => {
  expect((await send([])).body.error.code).toBe("bad_request");
  expect((await send([["other", "x.jpg", "x"]])).body.error.code).toBe("invalid_input");
  expect((await send([["files", "x.jpg", "x"]], "chr-none")).body.error.code).toBe("not_found");
  const raw = (type: string, body: string | Uint8Array<ArrayBuffer>) => fetch(`${server.origin}${`/api/characters/${characterId}/images`}`, { method: "POST", body, headers: { "content-type": type } });
  expect((await raw("application/json", "{}")).status).toBe(415);
  expect((await raw("multipart/form-data; boundary=x", "no boundary at all")).status).toBe(400);
  expect((await raw("multipart/form-data; boundary=x", "--x\r\ncontent-disposition: form-data; name=\"files\"; filename=\"a\"\r\n\r\ncut")).status).toBe(400);
  expect((await raw("multipart/form-data; boundary=x", `--x\r\n${"a".repeat(20_000)}`)).status).toBe(400);
  const part = (head: string) => raw("multipart/form-data; boundary=x", Uint8Array.from(Buffer.from(`--x\r\ncontent-disposition: form-data; ${head}\r\n\r\nabc\r\n--x--\r\n`, "latin1")));
  expect(await (await part('name="caption"')).json()).toMatchObject({ error: { code: "invalid_input", fields: [{ path: "caption" }] } });
  expect(await (await part('name="files"')).json()).toMatchObject({ error: { code: "invalid_input", fields: [{ message: "must be a file, with a file name" }] } });
  expect(await (await part('name="files"; filename="Zo\u00eb.jpg"')).json()).toMatchObject({ error: { code: "bad_request", what: "A name in the form is not UTF-8." } });
  expect(readdirSync(server.paths.uploads)).toEqual([]);
  expect(server.problems).toEqual([]);
});

test("photos are listed, captioned and deleted", async () => {
  const { id } = server.characters.create({ name: "Mia" });
  const added = (await send([["files", "one.png", bytes]], id)).body.uploaded[0]!;
  const base = `${server.origin}/api/characters/${id}/images`;
  expect(await (await fetch(base)).json()).toEqual({ images: [added], count: 1 });
  const patch = (body: unknown) => fetch(`${base}/${added.id}`, { method: "PATCH", body: JSON.stringify(body), headers: { "content-type": "application/json" } });
  expect(await (await patch({ caption: "by the sea" })).json()).toMatchObject({ caption: "by the sea" });
  expect((await patch({})).status).toBe(422);
  expect(await (await patch({ caption: null })).json()).toMatchObject({ caption: "" });
  expect((await patch({ caption: "x".repeat(2001) })).status).toBe(422);
  expect((await fetch(`${base}/${added.id}`, { method: "DELETE" })).status).toBe(204);
  expect((await fetch(`${server.origin}${added.url}`)).status).toBe(404);
  expect((await fetch(`${server.origin}${added.thumbnailUrl}`)).status).toBe(404);
});

test("a photo is served privately, harmlessly, and kept by the browser", async () => {
  const response = await fetch(`${server.origin}${photo.url}`);
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "content-type": "image/png", "x-content-type-options": "nosniff", "content-security-policy": expect.stringContaining("sandbox"),
    "cache-control": "private, max-age=31536000, immutable", "accept-ranges": "bytes", "content-length": String(photo.sizeBytes),
  });
  expect((await response.bytes()).length).toBe(photo.sizeBytes);
  const again = await fetch(`${server.origin}${photo.url}`, { headers: { "if-none-match": response.headers.get("etag")! } });
  expect(again.status).toBe(304);
  expect((await fetch(`${server.origin}${photo.url}.png`)).status).toBe(200);
  expect((await fetch(`${server.origin}${photo.thumbnailUrl}`)).headers.get("content-type")).toBe("image/webp");
});

test.each([
  ["bytes=0-9", 206, 0, 10], ["bytes=10-", 206, 10, null], ["bytes=-5", 206, -5, null], ["bytes=5-999999999", 206, 5, null],
  ["bytes=999999999-", 416, 0, 0], ["bytes=-0", 416, 0, 0], ["bytes=9-5", 200, 0, null], ["bytes=0-1,4-5", 200, 0, null],
  ["lines=0-4", 200, 0, null], ["bytes=a-b", 200, 0, null], ["bytes=-", 200, 0, null],
] as const)("the range %j is answered with %i", async (range, status, from, to) => {
  const response = await fetch(`${server.origin}${photo.url}`, { headers: { range } });
  expect(response.status).toBe(status);
  const received = await response.bytes();
  if (status === 416) expect(response.headers.get("content-range")).toBe(`bytes */${bytes.length}`);
  else expect(Buffer.from(received).equals(Buffer.from(bytes.slice(from, to ?? undefined)))).toBe(true);
  if (status === 206) expect(response.headers.get("content-range")).toMatch(new RegExp(`^bytes \\d+-\\d+/${bytes.length}$`));
  expect(response.headers.get("content-length")).toBe(String(received.length));
});

test("HEAD says the same as GET, without the bytes", async () => {
  const response = await fetch(`${server.origin}${photo.url}`, { method: "HEAD", headers: { range: "bytes=0-9" } });
  expect([response.status, response.headers.get("content-length"), (await response.bytes()).length]).toEqual([206, "10", 0]);
});

test("a LoRA is listed, downloaded in ranges under a readable name, and deleted", async () => {
  const sourceFile = join(server.paths.jobs, "l.safetensors");
  writeFileSync(sourceFile, drawLora("x"));
  const jobId = plantJob(server, { kind: "training", characterId, finished: true });
  const lora = await server.loras.publish({ characterId, jobId, sourceFile, steps: 1, rank: 4, baseModel: "m", triggerWord: "adax7" });
  expect(await (await fetch(`${server.origin}/api/loras?characterId=${characterId}`)).json()).toEqual({ loras: [lora], totalCount: 1 });
  expect(await (await fetch(`${server.origin}/api/loras/${lora.id}`)).json()).toEqual(lora);
  const response = await fetch(`${server.origin}${lora.downloadUrl}`, { headers: { range: "bytes=8-" } });
  expect([response.status, response.headers.get("content-disposition")]).toEqual([206, 'attachment; filename="adax7-v1.safetensors"']);
  expect(Buffer.from(await response.bytes()).equals(Buffer.from(drawLora("x").subarray(8)))).toBe(true);
  expect((await fetch(`${server.origin}/api/loras/${lora.id}`, { method: "DELETE" })).status).toBe(204);
  expect((await fetch(`${server.origin}${lora.downloadUrl}`)).status).toBe(404);
});

test("an output is listed, shown, downloaded and deleted", async () => {
  const jobId = plantJob(server, { kind: "generation", characterId });
  const settings = {
    v: 1 as const, job: jobId, prompt: "p", model: "m", loras: [], seed: 1, steps: 4, guidance: null, width: 200, height: 100, sampler: "euler",
    scheduler: "simple", backend: "test",
  };
  const output = await server.outputs.store({ jobId, index: 0, characterId, bytes, settings });
  expect(await (await fetch(`${server.origin}/api/outputs?characterId=${characterId}&limit=5`)).json()).toEqual({ outputs: [output], next: null });
  expect((await fetch(`${server.origin}/api/outputs?limit=0`)).status).toBe(422);
  expect((await fetch(`${server.origin}${output.url}`)).headers.get("content-disposition")).toStartWith("inline");
  expect((await fetch(`${server.origin}${output.url}?download=1`)).headers.get("content-disposition")).toMatch(new RegExp(`^attachment; filename="[A-Za-z0-9-]+-\\d{4}-\\d\\d-\\d\\d-0001-${jobId.slice(-4)}.png"$`));
  expect((await fetch(`${server.origin}${output.thumbnailUrl}`)).status).toBe(200);
  expect((await fetch(`${server.origin}/api/outputs/${output.id}`, { method: "DELETE" })).status).toBe(204);
  expect((await fetch(`${server.origin}/api/outputs/${output.id}`)).status).toBe(404);
});
