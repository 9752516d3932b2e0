import { expect, test } from "bun:test";
import { connect } from "node:net";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { UploadOutcome } from "../../server/contract/character.ts";
import { drawPicture } from "../../server/testing/pictures.ts";
import { waitFor } from "../../server/testing/wait.ts";
import { startExecutable, type Started } from "../testing/executable.ts";
import { makeCharacter } from "../testing/story.ts";

let server: Started;

const tus = (method: string, path: string, headers: Record<string, string> = {}, body?: Uint8Array) =>
  server.api(path, { method, headers: { "tus-resumable": "1.0.0", ...headers }, ...(body ? { body: Uint8Array.from(body) } : {}) });

/** Begins to send all that is left and stops after `count` bytes, with the connection open. */
async function sendSome(path: string, at: number, rest: Uint8Array, count: number): Promise<void> {
  const { port } = new URL(server.url);
  const socket = connect(Number(port), "127.0.0.1").on("error", () => undefined);
  socket.write([
    `PATCH ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, `Authorization: Bearer ${server.token}`, "Tus-Resumable: 1.0.0", `Upload-Offset: ${at}`,
    "Content-Type: application/offset+octet-stream", `Content-Length: ${rest.length}`, "", "",
  ].join("\r\n"));
  socket.write(rest.subarray(0, count));
  const part = join(server.folder, "data/uploads", `${path.split("/").at(-1)}.${at}`);
  await waitFor("bytes are on the disk", () => existsSync(part) && statSync(part).size > 0);
}

test("F55: the server is killed with -9 in the middle of an upload, again and again, and the photo is whole in the end", async () => {
  server = await startExecutable();
  const { folder } = server;
  const character = await makeCharacter(server, "Ada", 0);
  const bytes = await drawPicture({ width: 1200, height: 900, seed: 5, format: "png", noise: true });
  const metadata = `filename ${btoa("large.png")},characterId ${btoa(character.id)}`;
  const path = (await tus("POST", "/api/uploads", { "upload-length": String(bytes.length), "upload-metadata": metadata })).headers.get("location")!;
  const offset = async () => Number((await tus("HEAD", path)).headers.get("upload-offset"));
  let at = 0;
  for (let kill = 0; kill < 4; kill++) {
    const part = Math.floor(bytes.length / 6);
    await sendSome(path, at, bytes.subarray(at), part);
    await server.kill("SIGKILL");
    server = await startExecutable({ folder });
    const arrived = await offset();
    expect(arrived).toBeWithin(at + 1, at + part + 1);
    at = arrived;
  }
  expect((await tus("PATCH", path, { "upload-offset": String(at), "content-type": "application/offset+octet-stream" }, bytes.subarray(at))).status).toBe(204);
  const outcome = (await (await tus("GET", `${path}/outcome`)).json()) as UploadOutcome;
  if (outcome.kind !== "added") throw new Error(JSON.stringify(outcome));
  const stored = await (await server.api(outcome.photo.url)).bytes();
  expect(Buffer.from(stored).equals(Buffer.from(bytes))).toBe(true);
  expect(readdirSync(folder, { recursive: true }).filter((name) => String(name).includes(path.split("/").at(-1)!))).toEqual([]);
  await server.dispose();
}, 120_000);
