import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { serveLibrary, type LibraryServer } from "../../testing/library-server.ts";

const canary = "CANARY-bb2f";
let server: LibraryServer;
let characterId: string;
let canaryFile: string;
beforeAll(() => {
  server = serveLibrary();
  characterId = server.characters.create({ name: "Ada" }).id;
  canaryFile = join(server.paths.data, "canary.txt");
  writeFileSync(canaryFile, canary);
});
afterAll(() => server.close());

/** Every way that fooled somebody before: dots, slashes, encodings, absolute paths, drives, nulls, quotes. */
function* hostileIds(): Generator<string> {
  const targets = ["canary.txt", "data/canary.txt", "etc/passwd"];
  const ups = ["../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "%252e%252e%252f", "..%c0%af", "....//", "..;/", ".%2e/", "%2f..%2f", "..%00/"];
  for (const target of targets) for (const up of ups) for (let depth = 1; depth <= 6; depth++) yield up.repeat(depth) + target;
  yield* [
    "%2fetc%2fpasswd", "file:%2f%2f%2fetc%2fpasswd", "C:%5cWindows%5cwin.ini", "%00", "canary.txt%00.png", "~%2fx", "*", "%27%20or%201%3d1--",
    "%", "%zz", "a".repeat(5000), "__proto__", "constructor", "null", "undefined", "-1", "%0d%0aset-cookie:a=b", "%F0%9F%99%82", "%ff",
  ];
}

const routes: Array<[method: string, path: (id: string) => string]> = [
  ["GET", (id) => `/characters/${id}`], ["PATCH", (id) => `/characters/${id}`], ["DELETE", (id) => `/characters/${id}`],
  ["GET", (id) => `/characters/${id}/images`], ["POST", (id) => `/characters/${id}/images`],
  ["GET", (id) => `/characters/${characterId}/images/${id}`], ["GET", (id) => `/characters/${characterId}/images/${id}/thumbnail`],
  ["PATCH", (id) => `/characters/${characterId}/images/${id}`], ["DELETE", (id) => `/characters/${characterId}/images/${id}`],
  ["GET", (id) => `/loras/${id}`], ["DELETE", (id) => `/loras/${id}`], ["GET", (id) => `/loras/${id}/download`],
  ["GET", (id) => `/outputs/${id}`], ["DELETE", (id) => `/outputs/${id}`], ["GET", (id) => `/outputs/${id}/file`],
  ["GET", (id) => `/outputs/${id}/thumbnail`], ["GET", (id) => `/uploads/${id}/outcome`], ["PATCH", (id) => `/uploads/${id}`],
  ["DELETE", (id) => `/uploads/${id}`],
];

/** Written by hand, because a URL class would tidy the path up before it is sent. */
async function raw(requests: string[]): Promise<string> {
  let received = "";
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    hostname: "127.0.0.1", port: server.port,
    socket: { data: (_socket, bytes) => { received += bytes.toString("latin1"); }, close: () => resolve() },
  });
  for (const request of requests) socket.write(request);
  socket.flush();
  await promise;
  return received;
}

test.each(routes)("%s %p opens, changes and shows nothing for a hostile id", async (method, path) => {
  for (const id of hostileIds()) {
    const body = method === "POST" || method === "PATCH" ? "{}" : "";
    const head = `${method} /api${path(id)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n`;
    const type = path("x").startsWith("/uploads") ? "application/offset+octet-stream" : "application/json";
    const answer = await raw([`${head}Content-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`]);
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(answer).not.toContain(canary);
    expect(answer).not.toContain("root:");
    expect(answer.toLowerCase()).not.toContain("\r\nset-cookie");
  }
  expect(readFileSync(canaryFile, "utf8")).toBe(canary);
  expect(server.characters.list()).toHaveLength(1);
  expect(server.problems).toEqual([]);
});
