import { connect, createServer, type Socket } from "node:net";

/** A loopback proxy that behaves like a tunnel: half of `rttMs` each way, and `mbitPerSecond` each way in total. */
export async function openSlowLink(targetPort: number, rttMs: number, mbitPerSecond: number): Promise<{ port: number; close(): void }> {
  const down = new Lane(rttMs / 2, mbitPerSecond);
  const up = new Lane(rttMs / 2, mbitPerSecond);
  const sockets = new Set<Socket>();
  const server = createServer((browser) => {
    const target = connect(targetPort, "127.0.0.1");
    for (const socket of [browser, target]) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => sockets.delete(socket));
    }
    // Opening a TCP connection costs one round trip before the first byte can go.
    const openUntil = performance.now() + rttMs;
    browser.on("data", (bytes: Buffer) => up.send(bytes, openUntil, (data) => target.write(data)));
    target.on("data", (bytes: Buffer) => down.send(bytes, 0, (data) => browser.write(data)));
    browser.on("end", () => up.send(Buffer.alloc(0), 0, () => target.end()));
    target.on("end", () => down.send(Buffer.alloc(0), 0, () => browser.end()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    port: address.port,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** One direction of the link, shared by all connections. */
class Lane {
  private freeAt = 0;

  constructor(
    private readonly delayMs: number,
    private readonly mbitPerSecond: number,
  ) {}

  send(bytes: Buffer, notBefore: number, deliver: (bytes: Buffer) => void): void {
    const begin = Math.max(performance.now(), this.freeAt, notBefore);
    this.freeAt = begin + (bytes.length * 8) / (this.mbitPerSecond * 1000);
    setTimeout(() => deliver(bytes), Math.max(0, this.freeAt + this.delayMs - performance.now()));
  }
}
