import { afterAll, expect, test } from "bun:test";
import { RawSocket } from "../../../scripts/attack/socket.ts";
import { afterBody } from "./connection-time.ts";

const refusal = () => new Response("refused", { status: 401 });
const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request, own) => afterBody(request, refusal(), own) });
afterAll(() => server.stop(true));

const head = "POST /api/characters HTTP/1.1\r\nHost: a\r\n";
const piece = Buffer.from(`10000\r\n${"a".repeat(65_536)}\r\n`);

async function connect(): Promise<RawSocket> {
  const socket = await RawSocket.open(server.url.origin);
  return socket!;
}

test("a refused body without an end is answered, and its connection is closed", async () => {
  const socket = await connect();
  socket.send(`${head}Transfer-Encoding: chunked\r\n\r\n`);
  const sentBytes = await socket.flood(piece, 200_000_000, 5_000);
  expect(sentBytes).toBeLessThan(100_000_000);
  expect(socket.status).toBe(401);
  expect(await socket.untilClosed(20)).toBeLessThan(20);
});

test("a refused body that comes to its end leaves its connection open for the next request", async () => {
  const socket = await connect();
  for (let round = 1; round <= 2; round++) {
    socket.send(`${head}Content-Length: 200000\r\n\r\n`);
    await socket.sendAll(new Uint8Array(200_000).fill(97), 5_000);
    while (!socket.closed && socket.received.split("HTTP/1.1 401").length <= round) await Bun.sleep(2);
    expect([socket.closed, socket.received.toLowerCase().includes("connection: close")]).toEqual([false, false]);
  }
  socket.end();
});
