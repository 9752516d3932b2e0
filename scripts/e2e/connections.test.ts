import { afterEach, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import type { Boot } from "../../server/contract/boot.ts";
import type { Character } from "../../server/contract/character.ts";
import type { AppEvent, ServerMessage } from "../../server/contract/event.ts";
import type { Job } from "../../server/contract/job.ts";
import { TcpProxy } from "../../server/testing/tcp-proxy.ts";
import { waitFor } from "../../server/testing/wait.ts";
import { createConnectionModel } from "../../ui/models/app/ConnectionModel.ts";
import type { SocketClock, SocketLike } from "../../ui/socket.ts";
import { startExecutable, type Started } from "../testing/executable.ts";
import { makeCharacter, post, startGeneration } from "../testing/story.ts";

const limitMs = 60_000;
let server: Started;
const clients: WebSocket[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await server?.dispose();
});

/** The page's waits pass faster; the server's beat of 5 s must still come before the page counts a connection as lost. */
const speed = 2;
const fastClock: SocketClock = {
  now: () => performance.now() * speed,
  setTimeout: (run, ms) => setTimeout(run, ms / speed),
  clearTimeout: (timer) => clearTimeout(timer as number),
};

function webSocket(port: number | string, query = ""): WebSocket {
  const client = new WebSocket(`ws://127.0.0.1:${port}/api/events${query}`, { headers: { authorization: `Bearer ${server.token}` } } as unknown as string[]);
  clients.push(client);
  return client;
}

const patch = (character: Character, description: string) => server.json<Character>(`/api/characters/${character.id}`, {
  method: "PATCH", headers: { "content-type": "application/json" }, body: JSON.stringify({ description }),
});

test("F52: a page behind a connection that is cut, half open, or closed after a time misses and doubles no event", async () => {
  server = await startExecutable();
  await using proxy = await TcpProxy.to(Number(new URL(server.url).port));
  const character = await makeCharacter(server, "Ada", 0);
  const boot = await server.json<Boot>("/api/boot");
  const seen: string[] = [];
  let refetches = 0;
  const page = createConnectionModel({
    position: boot, clock: fastClock,
    connect: (query) => webSocket(proxy.port, query) as unknown as SocketLike,
    apply: (event: AppEvent) => void (event.type === "character.changed" && seen.push(event.character.description)),
    refetch: async () => (refetches++, boot),
  });
  let written = 0;
  const over = new AbortController();
  const writer = (async () => {
    while (!over.signal.aborted) {
      await patch(character, `change ${++written}`);
      await Bun.sleep(10);
    }
  })();
  page.start();
  const reconnected = (times: number) => waitFor(`it connected ${times} times`, () => page.connections.value >= times && page.state.value.kind === "live", limitMs);
  await reconnected(1);
  for (let round = 0; round < 3; round++) {
    proxy.cut();
    await reconnected(page.connections.value + 1);
  }
  // Nothing tells the page of a half-open connection but the silence.
  proxy.halfOpen = true;
  await waitFor("the page calls it lost", () => page.state.value.kind === "lost", limitMs);
  proxy.halfOpen = false;
  await reconnected(page.connections.value + 1);
  proxy.lifeMs = 700;
  proxy.cut();
  await reconnected(page.connections.value + 3);
  over.abort();
  await writer;
  proxy.lifeMs = Infinity;
  await waitFor("the last change has arrived", () => seen.length >= written, limitMs);
  page.dispose();
  expect(seen).toEqual(Array.from({ length: written }, (_, index) => `change ${index + 1}`));
  expect(refetches).toBe(0);
}, 180_000);

/** Upgrades and then never reads a byte. */
function neverReader(port: number): Socket {
  const socket = connect(port, "127.0.0.1");
  socket.pause();
  socket.write([
    "GET /api/events HTTP/1.1", `Host: 127.0.0.1:${port}`, `Authorization: Bearer ${server.token}`, "Connection: Upgrade", "Upgrade: websocket",
    "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", "",
  ].join("\r\n"));
  return socket;
}

const rssMb = (pid: number) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;

test("F53, T34: twenty pages that never read are dropped, cost the server no memory, and one that reads misses nothing", async () => {
  server = await startExecutable();
  const port = Number(new URL(server.url).port);
  await post(server, "/api/queue/pause", {});
  const jobs: Job[] = [];
  for (let n = 0; n < 120; n++) jobs.push(await startGeneration(server, { prompt: `${n} ${"a long prompt ".repeat(140)}`, count: 1 }));
  const seqs: number[] = [];
  let told = 0;
  const reader = webSocket(port);
  reader.onmessage = ({ data }) => {
    const message = JSON.parse(String(data)) as ServerMessage;
    if (message.type === "event") seqs.push(message.seq);
    if (message.type === "event" && message.event.type === "job.changed") told += 1;
  };
  await waitFor("the reader is connected", () => reader.readyState === WebSocket.OPEN);
  const dead = Array.from({ length: 20 }, () => neverReader(port));
  const ended = dead.map((socket) => new Promise((resolve) => socket.once("close", resolve).on("error", () => undefined)));
  // Each move of the last to the front tells of all of them, about half a megabyte.
  const move = async () => post(server, `/api/jobs/${jobs.at(-1)!.id}/move`, { position: 0 }).then(() => jobs.unshift(jobs.pop()!));
  for (let n = 0; n < 10; n++) await move();
  const before = rssMb(server.pid);
  for (let n = 0; n < 60; n++) await move();
  const grown = rssMb(server.pid) - before;
  await waitFor("the reader has all of it", () => told >= 70 * 120, limitMs);
  for (const socket of dead) socket.resume();
  await Promise.all(ended);
  console.log(`${told} events; ${grown.toFixed(0)} MB more after the last 60 moves`);
  // 20 sockets with all of these events unsent would be several hundred megabytes.
  expect(grown).toBeLessThan(120);
  expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, index) => seqs[0]! + index));
  const again = webSocket(port);
  const hello = await new Promise<ServerMessage>((resolve) => (again.onmessage = ({ data }) => resolve(JSON.parse(String(data)) as ServerMessage)));
  expect(hello.type === "hello" && hello.seq).toBeGreaterThanOrEqual(seqs.at(-1)!);
}, 180_000);

test("F59, T34: of 200 tabs 64 are live and hear every change in order, the others are told, and take a place that gets free", async () => {
  server = await startExecutable();
  const port = new URL(server.url).port;
  const character = await makeCharacter(server, "Ada", 0);
  const heard = new Map<WebSocket, string[]>();
  const refused: Array<{ code: number; reason: string }> = [];
  const open = () => {
    const tab = webSocket(port);
    tab.onmessage = ({ data }) => {
      const message = JSON.parse(String(data)) as ServerMessage;
      if (message.type === "hello") heard.set(tab, []);
      else if (message.type === "event" && message.event.type === "character.changed") heard.get(tab)!.push(message.event.character.description);
    };
    tab.onclose = ({ code, reason }) => {
      if (!heard.delete(tab)) refused.push({ code, reason });
    };
  };
  for (let n = 0; n < 200; n++) open();
  await waitFor("each tab has its answer", () => heard.size + refused.length === 200, limitMs);
  expect(heard.size).toBe(64);
  expect(refused.every(({ code, reason }) => code === 1013 && reason === "too many connections")).toBe(true);
  const changes = Array.from({ length: 100 }, (_, index) => `change ${index + 1}`);
  for (const change of changes) {
    await patch(character, change);
    expect((await fetch(`${server.url}/health`, { signal: AbortSignal.timeout(10_000) })).status).toBe(200);
  }
  await waitFor("every live tab heard the last change", () => [...heard.values()].every((list) => list.length === changes.length), limitMs);
  for (const list of heard.values()) expect(list).toEqual(changes);
  [...heard.keys()][0]!.close();
  await waitFor("its place is free", () => heard.size === 63);
  await waitFor("a new tab is taken", async () => {
    if (heard.size < 64) open();
    await Bun.sleep(100);
    return heard.size === 64;
  });
}, 120_000);

test("T34: a message over 64 KiB or of another kind ends its own connection and nothing else", async () => {
  server = await startExecutable();
  const port = new URL(server.url).port;
  const other = webSocket(port);
  await waitFor("another tab is live", () => other.readyState === WebSocket.OPEN);
  for (const message of [JSON.stringify({ type: "watch", jobId: "x".repeat(70_000) }), new Uint8Array(70_000)]) {
    const tab = webSocket(port);
    await waitFor("the tab is live", () => tab.readyState === WebSocket.OPEN);
    tab.send(message);
    await waitFor("it is closed", () => tab.readyState === WebSocket.CLOSED);
  }
  const tab = webSocket(port);
  await waitFor("the tab is live", () => tab.readyState === WebSocket.OPEN);
  for (const message of ["", "{", "[]", '{"type":"watch"}', '{"type":"sing","jobId":"x"}', '{"__proto__":{"x":1},"type":"watch","jobId":7}']) tab.send(message);
  const character = await makeCharacter(server, "Ada", 0);
  let heard = "";
  other.onmessage = ({ data }) => void (heard = String(data));
  await patch(character, "still here");
  await waitFor("the other tab hears on", () => heard.includes("still here"));
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
});
