import { expect, setDefaultTimeout, test } from "bun:test";
import { waitFor } from "../../../server/testing/wait.ts";
import { ComfyClient } from "./client.ts";
import type { ComfyEvent } from "./events.ts";
import { ComfySocket } from "./socket.ts";

// Real processes on a busy machine need more than the usual five seconds.
setDefaultTimeout(30_000);

interface Seen { readonly ids: string[]; readonly first: string[]; readonly origins: Array<string | null> }

function fakeServer(seen: Seen, onOpen: (socket: Bun.ServerWebSocket<undefined>) => void) {
  return Bun.serve<undefined>({
    hostname: "127.0.0.1", port: 0,
    fetch: (request, server) => {
      seen.ids.push(new URL(request.url).searchParams.get("clientId") ?? "");
      seen.origins.push(request.headers.get("origin"));
      return server.upgrade(request) ? undefined : new Response(null, { status: 400 });
    },
    websocket: { open: onOpen, message: (_, message) => void seen.first.push(String(message)) },
  });
}

test("each connection has a new id, negotiates previews first and sends no origin", async () => {
  const seen: Seen = { ids: [], first: [], origins: [] };
  let opened = 0;
  const server = fakeServer(seen, (socket) => { if (++opened === 1) setTimeout(() => socket.close(), 30); });
  const socket = new ComfySocket(new ComfyClient(`http://127.0.0.1:${server.port}`), () => {});
  await socket.open();
  const firstId = socket.clientId;
  await waitFor("it is connected again", () => opened === 2 && socket.clientId !== null);
  expect(seen.ids[0]).toBe(firstId ?? "");
  expect(seen.ids[1]).not.toBe(seen.ids[0] ?? "");
  expect(seen.ids.every((id) => /^[0-9a-f-]{36}$/.test(id))).toBe(true);
  await waitFor("both have introduced themselves", () => seen.first.length === 2);
  expect(JSON.parse(seen.first[0] ?? "")).toEqual({ type: "feature_flags", data: { supports_preview_metadata: true } });
  expect(seen.origins).toEqual([null, null]);
  socket.close();
  await server.stop(true);
});

test("while it is not connected there is no id, and after closing it stays closed", async () => {
  const seen: Seen = { ids: [], first: [], origins: [] };
  let opened = 0;
  const server = fakeServer(seen, (socket) => void (++opened === 2 && socket.close()));
  const client = new ComfyClient(`http://127.0.0.1:${server.port}`);
  const socket = new ComfySocket(client, () => {});
  expect(socket.clientId).toBeNull();
  await socket.open();
  socket.close();
  expect(socket.clientId).toBeNull();
  const other = new ComfySocket(client, () => {});
  await other.open();
  await waitFor("one that was dropped later has come back", () => opened === 3);
  other.close();
  expect(seen.ids).toHaveLength(3);
  await server.stop(true);
});

test("a previews' frame over one megabyte arrives whole", async () => {
  const seen: Seen = { ids: [], first: [], origins: [] };
  const jpeg = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), Buffer.alloc(20 * 1024 * 1024)]);
  const server = fakeServer(seen, (socket) => void socket.send(Buffer.concat([Buffer.from([0, 0, 0, 1, 0, 0, 0, 1]), jpeg])));
  const events: ComfyEvent[] = [];
  const socket = new ComfySocket(new ComfyClient(`http://127.0.0.1:${server.port}`), (event) => events.push(event));
  await socket.open();
  const event = await waitFor("the frame is here", () => events.find(({ kind }) => kind === "preview"));
  expect(event.kind === "preview" && event.bytes.byteLength).toBe(jpeg.byteLength);
  socket.close();
  await server.stop(true);
});

test("a server that is not there does not hold up the work", async () => {
  const socket = new ComfySocket(new ComfyClient("http://127.0.0.1:1"), () => {});
  const begun = performance.now();
  await socket.open();
  expect(performance.now() - begun).toBeLessThan(3_000);
  socket.close();
});
