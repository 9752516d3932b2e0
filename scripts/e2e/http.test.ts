import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, renameSync } from "node:fs";
import { head, RawSocket } from "../attack/socket.ts";
import { startExecutable, type Started } from "../testing/executable.ts";
import { makeCharacter } from "../testing/story.ts";

/** What HTTP promises, on the executable: each header value as its RFC reads it, and words for a person's browser. */
let server: Started;
let photo: string;
let host: string;
beforeAll(async () => {
  server = await startExecutable({ flags: ["--mode", "fast-test", "--allowed-hosts", "abc.ngrok.app,nas"] });
  host = new URL(server.url).host;
  const { id } = await makeCharacter(server, "Ada", 1);
  const { images } = await server.json<{ images: Array<{ id: string }> }>(`/api/characters/${id}/images`);
  photo = `/api/characters/${id}/images/${images[0]!.id}`;
});
afterAll(async () => server.dispose());

async function raw(lines: string): Promise<RawSocket> {
  const socket = (await RawSocket.open(server.url))!;
  socket.send(lines);
  await socket.untilAnswered(10);
  return socket;
}

test("HEAD answers what GET does, without the body: length, range, state", async () => {
  for (const path of [photo, `${photo}/thumbnail`, "/api/characters", "/health", "/api/openapi.json", "/"]) {
    const [get, headOnly] = [await server.api(path), await server.api(path, { method: "HEAD" })];
    const length = (await get.arrayBuffer()).byteLength;
    expect([path, headOnly.status, Number(headOnly.headers.get("content-length")) > 0]).toEqual([path, get.status, true]);
    if (path === photo) expect(Number(headOnly.headers.get("content-length"))).toBe(length);
  }
  const part = await server.api(photo, { method: "HEAD", headers: { range: "bytes= 0-1" } });
  expect([part.status, part.headers.get("content-length")]).toEqual([206, "2"]);
  expect((await server.api(photo, { headers: { range: "bytes= 0-1" } })).status).toBe(206);
});

test("a copy that is still good is not sent again, however the client names it", async () => {
  const etag = (await server.api(photo)).headers.get("etag")!;
  for (const value of [etag, `W/${etag}`, "*", `"other", ${etag}`]) expect((await server.api(photo, { headers: { "if-none-match": value } })).status).toBe(304);
  expect((await server.api(photo, { headers: { "if-none-match": '"other"' } })).status).toBe(200);
  const plain = await server.api("/", { headers: { accept: "text/html", "accept-encoding": "gzip;q=0" } });
  expect(plain.headers.get("content-encoding")).toBeNull();
});

test("every tag is a quoted one, as its header demands", async () => {
  for (const path of [photo, `${photo}/thumbnail`, "/static/icon.svg", "/health", "/"]) {
    const tag = (await server.api(path)).headers.get("etag");
    expect([path, tag === null || /^(W\/)?"[^"]*"$/.test(tag)]).toEqual([path, true]);
  }
});

test("a socket is opened whatever the case of Upgrade", async () => {
  const cookie = (await fetch(server.link, { redirect: "manual" })).headers.get("set-cookie")!.split(";")[0]!;
  for (const word of ["websocket", "WebSocket", "WEBSOCKET"]) {
    const socket = await raw(head("GET", "/api/events", host, `Cookie: ${cookie}`, `Origin: ${server.url}`, `Upgrade: ${word}`, "Connection: Upgrade", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version: 13"));
    expect([word, socket.status]).toEqual([word, 101]);
    socket.end();
  }
});

test("a used link says so on the login page, and lets a browser through that is in already", async () => {
  const { path } = await server.json<{ path: string }>("/api/links", { method: "POST" });
  const first = await fetch(`${server.url}${path}`, { redirect: "manual" });
  const cookie = first.headers.get("set-cookie")!.split(";")[0]!;
  const again = await fetch(`${server.url}${path}`, { redirect: "manual" });
  const signedIn = await fetch(`${server.url}${path}`, { redirect: "manual", headers: { cookie } });
  expect([first, again, signedIn].map((answer) => answer.headers.get("location"))).toEqual(["/", "/login?why=link", "/"]);
});

test("a page whose parts are asked for under a path before it says that in its own HTML, and what to do", async () => {
  const html = await (await fetch(`${server.url}/login`, { headers: { accept: "text/html" } })).text();
  expect(/<div id="app">(.+)<\/div>/.exec(html)?.[1] ?? "").toMatch(/root of its address.*a path before it.*not supported.*host name or a port of its own/);
});

test("an origin that is on the list is taken, also behind a tunnel that speaks of localhost", async () => {
  const body = { method: "POST", body: '{"name":"Tunnel"}', headers: { "content-type": "application/json", origin: "https://abc.ngrok.app" } };
  expect((await server.api("/api/characters", body)).status).toBe(201);
  const refused = await server.api("/api/characters", { ...body, headers: { ...body.headers, origin: "https://other.ngrok.app" } });
  expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining("--allowed-hosts other.ngrok.app")]);
});

test("a strange host is answered with the setting that helps, as a page for a browser", async () => {
  const script = await raw(head("GET", "/", "photos.example.org", "Connection: close"));
  expect([script.status, script.received]).toEqual([403, expect.stringContaining("--allowed-hosts photos.example.org")]);
  const browser = await raw(head("GET", "/", "photos.example.org", "Accept: text/html,*/*;q=0.8", "Connection: close"));
  expect([browser.status, browser.received]).toEqual([403, expect.stringContaining("<p>Isengard does not answer under the name photos.example.org.</p>")]);
});

test("an upload goes on with a method that is named in a header, for those who know no PATCH", async () => {
  const tus = { "tus-resumable": "1.0.0" };
  const metadata = `characterId ${btoa(photo.split("/")[3]!)},filename ${btoa("x.jpg")}`;
  const begun = await server.api("/api/uploads", { method: "POST", headers: { ...tus, "upload-length": "4", "upload-metadata": metadata } });
  const path = begun.headers.get("location")!;
  const chunk = { ...tus, "upload-offset": "0", "content-type": "application/offset+octet-stream", "x-http-method-override": "PATCH" };
  expect((await server.api(path, { method: "POST", headers: chunk, body: "ab" })).headers.get("upload-offset")).toBe("2");
  expect((await server.api(path, { method: "POST", headers: { ...tus, "x-http-method-override": "delete" } })).status).toBe(204);
  expect((await server.api(path, { method: "POST", headers: tus })).status).toBe(405);
});

test("a compressed body is refused, not unpacked", async () => {
  const answer = await server.api("/api/characters", { method: "POST", body: Bun.gzipSync('{"name":"x"}'), headers: { "content-type": "application/json", "content-encoding": "gzip" } });
  expect(answer.status).toBe(415);
});

test("a file name may have what JavaScript calls a line end", async () => {
  const boundary = "b";
  const bytes = await (await server.api(photo)).bytes();
  const form = Buffer.concat([Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="files"; filename="a\u2028b\u2029c\u0085.jpg"\r\n\r\n`), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]);
  const answer = await server.api(photo.replace(/\/[^/]+$/, ""), { method: "POST", body: form, headers: { "content-type": `multipart/form-data; boundary=${boundary}` } });
  expect(answer.status).toBe(201);
});

test("with the folder gone, what would be written is refused with the reason", async () => {
  const away = `${server.folder}/data-away`;
  renameSync(`${server.folder}/data`, away);
  try {
    const bytes = Buffer.from("--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"x.jpg\"\r\n\r\nx\r\n--b--\r\n");
    const upload = await server.api(photo.replace(/\/[^/]+$/, ""), { method: "POST", body: bytes, headers: { "content-type": "multipart/form-data; boundary=b" } });
    const backup = await server.api("/api/backups", { method: "POST" });
    const made = await server.api("/api/characters", { method: "POST", headers: { "content-type": "application/json" }, body: '{"name":"Nobody"}' });
    const tus = { "tus-resumable": "1.0.0", "upload-length": "4", "upload-metadata": `characterId ${btoa(photo.split("/")[3]!)}` };
    const begun = await server.api("/api/uploads", { method: "POST", headers: tus });
    for (const answer of [upload, backup, made, begun]) {
      const text = await answer.text();
      expect([answer.status, text.includes("storage_unusable")]).toEqual([503, true]);
      expect(text).not.toMatch(/ENOENT|errno/);
    }
    const { checks } = await server.json<{ checks: Array<{ id: string; state: string }> }>("/api/status");
    expect(checks).toContainEqual(expect.objectContaining({ id: "data-folder", state: "error" }));
    expect(existsSync(`${server.folder}/data`)).toBe(false);
  } finally {
    renameSync(away, `${server.folder}/data`);
  }
});
