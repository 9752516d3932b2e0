/** A connection that sends bytes as they are; a client of HTTP would refuse to send half of them. */
export class RawSocket {
  private text = "";
  private isClosed = false;
  private constructor(private readonly socket: Bun.Socket<undefined>) {}

  /** Null where the connection was refused. */
  static async open(url: string): Promise<RawSocket | null> {
    const { hostname, port } = new URL(url);
    let raw: RawSocket | null = null;
    try {
      const socket = await Bun.connect({ hostname, port: Number(port), socket: {
        data: (_socket, bytes) => void (raw!.text += bytes.toString("latin1")),
        close: () => void (raw === null || (raw.isClosed = true)),
        error: () => void (raw === null || (raw.isClosed = true)),
      } });
      raw = new RawSocket(socket);
      return raw;
    } catch {
      return null;
    }
  }

  get received(): string {
    return this.text;
  }

  get closed(): boolean {
    return this.isClosed;
  }

  get status(): number {
    return Number(/^HTTP\/1\.1 (\d+)/.exec(this.text)?.[1] ?? 0);
  }

  send(bytes: string | Uint8Array): void {
    if (!this.isClosed) this.socket.write(bytes);
  }

  /** Sends all of it, waiting where the other end does not take it. False when the connection ended before. */
  async sendAll(bytes: Uint8Array, limitMs: number): Promise<boolean> {
    const end = performance.now() + limitMs;
    for (let sent = 0; sent < bytes.length;) {
      if (this.isClosed || performance.now() > end) return false;
      const count = this.socket.write(bytes.subarray(sent, sent + 65_536));
      sent += Math.max(0, count);
      if (count <= 0) await Bun.sleep(2);
    }
    return true;
  }

  /** Sends `piece` over and over until the other end closes, takes nothing for `limitMs`, or `mostBytes` are sent; how many were. */
  async flood(piece: Uint8Array, mostBytes: number, limitMs: number): Promise<number> {
    let sentBytes = 0;
    while (sentBytes < mostBytes && (await this.sendAll(piece, limitMs))) {
      sentBytes += piece.length;
      // Writing that succeeds never gives way by itself: an answer, or the end, would not be seen.
      await new Promise((resume) => setImmediate(resume));
    }
    await this.untilAnswered(10);
    return sentBytes;
  }

  /** Seconds until the other end closed, or `limitSeconds`. */
  async untilClosed(limitSeconds: number): Promise<number> {
    const start = performance.now();
    while (!this.isClosed && performance.now() - start < limitSeconds * 1000) await Bun.sleep(50);
    return (performance.now() - start) / 1000;
  }

  async untilAnswered(limitSeconds: number): Promise<void> {
    const start = performance.now();
    while (!this.isClosed && !this.text.includes("\r\n\r\n") && performance.now() - start < limitSeconds * 1000) await Bun.sleep(5);
  }

  end(): void {
    this.socket.terminate();
  }
}

export function head(method: string, path: string, host: string, ...lines: string[]): string {
  return `${[`${method} ${path} HTTP/1.1`, `Host: ${host}`, ...lines].join("\r\n")}\r\n\r\n`;
}
