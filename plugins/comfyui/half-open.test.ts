import { afterAll, beforeAll, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import { ComfyClient, ComfyUnreachable } from "./protocol/client.ts";
import { ComfySocket } from "./protocol/socket.ts";

// A connection that stays open and carries nothing more: what a frozen program or a router that forgot us leaves.
const limits = { answerMs: 300, transferMs: 300 };
const beginnings: Record<string, string> = {
  "says nothing at all": "",
  "begins an answer and stops in its head": "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n",
  "begins a body and stops in it": "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"system\":",
};

let beginning = "";
let server: Server;
const sockets = new Set<Socket>();
beforeAll(async () => {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    socket.once("data", () => socket.write(beginning));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

const url = () => `http://127.0.0.1:${(server.address() as { port: number }).port}`;
const calls: Record<string, (client: ComfyClient) => Promise<unknown>> = {
  systemStats: (client) => client.systemStats(),
  nodeClasses: (client) => client.nodeClasses(["KSampler"]),
  queue: (client) => client.queue(),
  history: (client) => client.history("id"),
  post: (client) => client.post({ promptId: "id", clientId: null, graph: {}, extraData: {} }),
  cancel: (client) => client.cancel("id"),
  free: (client) => client.free(),
  features: (client) => client.features(),
  logEntries: (client) => client.logEntries(),
  view: (client) => client.view({ filename: "a.png", subfolder: "", type: "output" }),
  upload: (client) => client.upload("a.png", new Uint8Array(10)),
};

for (const [words, start] of Object.entries(beginnings)) {
  test(`Q22: no call to a ComfyUI that ${words} waits beyond its limit`, async () => {
    beginning = start;
    const client = new ComfyClient(url(), limits);
    const ends = await Promise.all(Object.entries(calls).map(async ([name, call]) =>
      [name, await call(client).then(() => "an answer", (error: unknown) => (error instanceof ComfyUnreachable ? "unreachable" : String(error)))]));
    expect(ends).toEqual(Object.keys(calls).map((name) => [name, "unreachable"]));
  }, 20_000);
}

test("Q22: work goes on without the socket of a ComfyUI that never opens it", async () => {
  beginning = "";
  const socket = new ComfySocket(new ComfyClient(url(), limits), () => {});
  await socket.open();
  expect(socket.clientId).toBeNull();
  socket.close();
}, 20_000);
