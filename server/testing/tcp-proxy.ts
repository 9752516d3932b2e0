import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

interface Link {
  readonly near: Socket;
  readonly far: Socket;
  readonly life: ReturnType<typeof setTimeout> | null;
}

/** Stands between a client and a server on loopback, and does what networks and hosting proxies do to connections. */
export class TcpProxy {
  /** Connections that clients have opened so far. */
  opened = 0;
  /** A connection older than this is closed, as hosting proxies do after 100 s. */
  lifeMs = Infinity;
  /** A connection on which the client has sent this many bytes is torn down; the bytes up to here are passed on. */
  cutAfterBytes = Infinity;
  private isHalfOpen = false;
  private readonly links = new Set<Link>();

  private constructor(private readonly listener: Server, private readonly target: number) {
    listener.on("connection", (near) => this.link(near));
  }

  static async to(port: number): Promise<TcpProxy> {
    const listener = createServer({ pauseOnConnect: true });
    const proxy = new TcpProxy(listener, port);
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.listener.address() as AddressInfo).port;
  }

  /** Closes every connection on both sides. */
  cut(): void {
    for (const link of this.links) this.end(link);
  }

  /** Half open: connections stay and new ones are taken, but not a byte passes any more, and nobody is told. */
  set halfOpen(is: boolean) {
    this.isHalfOpen = is;
    for (const socket of [...this.links].flatMap(({ near, far }) => [near, far])) {
      if (is) socket.pause();
      else socket.resume();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.listener.close(() => resolve()));
  }

  private link(near: Socket): void {
    this.opened += 1;
    const far = connect(this.target, "127.0.0.1");
    const life = this.lifeMs === Infinity ? null : setTimeout(() => this.end(link), this.lifeMs);
    const link: Link = { near, far, life };
    this.links.add(link);
    let sent = 0;
    near.on("data", (bytes: Buffer) => {
      const passed = bytes.subarray(0, this.cutAfterBytes - sent);
      sent += passed.length;
      if (!far.write(passed)) near.pause();
      if (sent >= this.cutAfterBytes) far.once("drain", () => this.end(link)).end(() => this.end(link));
    });
    far.on("data", (bytes: Buffer) => void (near.write(bytes) || far.pause()));
    near.on("drain", () => this.isHalfOpen || far.resume());
    far.on("drain", () => this.isHalfOpen || near.resume());
    for (const socket of [near, far]) socket.on("error", () => this.end(link)).on("close", () => this.end(link));
    if (!this.isHalfOpen) near.resume();
    else far.pause();
  }

  private end(link: Link): void {
    if (!this.links.delete(link)) return;
    if (link.life !== null) clearTimeout(link.life);
    link.near.destroy();
    link.far.destroy();
  }
}
