import { afterEach, beforeEach, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import type { UploadOutcome } from "../contract/character.ts";
import { serveLibrary, type LibraryServer } from "../testing/library-server.ts";
import { drawPicture } from "../testing/pictures.ts";
import { seededRandom } from "../testing/random.ts";
import { TcpProxy } from "../testing/tcp-proxy.ts";

let server: LibraryServer;
let proxy: TcpProxy;
let characterId: string;
beforeEach(async () => {
  server = serveLibrary();
  proxy = await TcpProxy.to(server.port);
  characterId = server.characters.create({ name: "Ada" }).id;
});
afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  await server.close();
});

function tus(method: string, path: string, headers: Record<string, string> = {}, body?: Uint8Array) {
  return fetch(`${server.origin}${path}`, { method, headers: { "tus-resumable": "1.0.0", ...headers }, ...(body ? { body: Uint8Array.from(body) } : {}) });
}

async function create(sizeBytes: number): Promise<string> {
  const metadata = `filename ${btoa("photo.png")},characterId ${btoa(characterId)}`;
  return (await tus("POST", "/api/uploads", { "upload-length": String(sizeBytes), "upload-metadata": metadata })).headers.get("location")!;
}

const chunk = (path: string, offset: number, body: Uint8Array, checksum?: string) => tus("PATCH", path, {
  "upload-offset": String(offset), "content-type": "application/offset+octet-stream", ...(checksum === undefined ? {} : { "upload-checksum": checksum }),
}, body);
const offsetOf = async (path: string) => Number((await tus("HEAD", path)).headers.get("upload-offset"));
const outcomeOf = async (path: string) => (await (await tus("GET", `${path}/outcome`)).json()) as UploadOutcome;
const sha256 = (bytes: Uint8Array) => new Bun.CryptoHasher("sha256").update(bytes).digest("base64");

/** One request for all that is left, through the proxy, which tears the connection down behind exactly `count` bytes of the body. */
async function sendCutAfter(path: string, offset: number, rest: Uint8Array, count: number): Promise<void> {
  const head = Buffer.from([
    `PATCH ${path} HTTP/1.1`, "Host: x", "Tus-Resumable: 1.0.0", `Upload-Offset: ${offset}`, "Content-Type: application/offset+octet-stream", `Content-Length: ${rest.length}`, "", "",
  ].join("\r\n"));
  proxy.cutAfterBytes = head.length + count;
  const socket = connect(proxy.port, "127.0.0.1").on("error", () => undefined);
  const over = new Promise((resolve) => socket.once("close", resolve));
  socket.write(Buffer.concat([head, rest]));
  socket.resume();
  await over;
}

test("F55: an upload that is cut at any byte goes on from what arrived, and the photo is byte for byte the one that was sent", async () => {
  const random = seededRandom(55);
  for (let round = 0; round < 16; round++) {
    const bytes = await drawPicture({ width: 100 + round, height: 90, seed: round, format: "png", noise: true });
    const path = await create(bytes.length);
    const edges = [0, 1, bytes.length - 1];
    for (let cuts = 0, at = 0; cuts < 4; cuts++) {
      const count = round < edges.length && cuts === 0 ? edges[round]! : random(bytes.length - at);
      await sendCutAfter(path, at, bytes.subarray(at), count);
      const arrived = await offsetOf(path);
      expect(arrived).toBeWithin(at, at + count + 1);
      at = arrived;
    }
    const at = await offsetOf(path);
    if (at < bytes.length) expect((await chunk(path, at, bytes.subarray(at))).status).toBe(204);
    const outcome = await outcomeOf(path);
    if (outcome.kind !== "added") throw new Error(`round ${round}: ${JSON.stringify(outcome)}`);
    expect(sha256(await server.photos.file(outcome.photo)!.bytes())).toBe(sha256(bytes));
  }
  expect(server.photos.list(characterId)).toHaveLength(16);
  expect(readdirSync(server.paths.uploads)).toEqual([]);
  expect(server.problems).toEqual([]);
}, 60_000);

test("F55: pieces that come twice, in the wrong order or at the same time are refused, and nothing of them is in the photo", async () => {
  const bytes = await drawPicture({ width: 200, height: 150, seed: 1, format: "png", noise: true });
  const path = await create(bytes.length);
  const pieces = [0, 1, 2, 3].map((n) => ({ at: n * 10_000, body: bytes.subarray(n * 10_000, n === 3 ? bytes.length : (n + 1) * 10_000) }));
  const [first, second, third, last] = pieces as [(typeof pieces)[0], (typeof pieces)[0], (typeof pieces)[0], (typeof pieces)[0]];
  const send = async ({ at, body }: (typeof pieces)[0]) => (await chunk(path, at, body)).status;
  expect([await send(third), await send(first), await send(first), await send(last), await send(second), await send(second), await send(first)])
    .toEqual([409, 204, 409, 409, 204, 409, 409]);
  const together = await Promise.all([send(third), send(third), send(third)]);
  expect(together.filter((status) => status === 204)).toHaveLength(1);
  expect(await offsetOf(path)).toBe(30_000);
  expect(await send(last)).toBe(204);
  expect(await send(last)).toBe(409);
  const outcome = await outcomeOf(path);
  if (outcome.kind !== "added") throw new Error(JSON.stringify(outcome));
  expect(sha256(await server.photos.file(outcome.photo)!.bytes())).toBe(sha256(bytes));
});

test("F55: bytes with a wrong checksum do not count and are asked for again; a right one is taken, an unknown kind refused", async () => {
  const bytes = await drawPicture({ width: 120, height: 90, seed: 1, format: "png", noise: true });
  const path = await create(bytes.length);
  const [head, tail] = [bytes.subarray(0, 5000), bytes.subarray(5000)];
  expect((await chunk(path, 0, head, `sha256 ${sha256(head)}`)).status).toBe(204);
  const changed = tail.map((byte, index) => (index === 100 ? byte ^ 1 : byte));
  const refused = await chunk(path, 5000, changed, `sha256 ${sha256(tail)}`);
  expect([refused.status, await offsetOf(path)]).toEqual([460, 5000]);
  expect(JSON.stringify(await refused.json())).toContain("The bytes changed on their way.");
  expect((await chunk(path, 5000, tail, "md5 abc")).status).toBe(400);
  expect(readdirSync(server.paths.uploads)).toHaveLength(1);
  const sha1 = new Bun.CryptoHasher("sha1").update(tail).digest("base64");
  expect((await chunk(path, 5000, tail, `sha1 ${sha1}`)).status).toBe(204);
  expect(await outcomeOf(path)).toMatchObject({ kind: "added" });
  expect(readdirSync(server.paths.uploads)).toEqual([]);
});
