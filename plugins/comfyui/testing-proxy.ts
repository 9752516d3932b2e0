type Send = (text: string) => void;

/** Between us and a ComfyUI: requests pass as they are, events of the socket pass through `meddle`. */
export class MeddlingProxy {
  /** Where it leads to; a new value stands for a tool that was restarted under the same address. */
  target: string;
  posts = 0;
  /** Text frames that went through `meddle`. */
  meddled = 0;
  meddle: (text: string, send: Send, count: number) => void = (text, send) => send(text);
  private readonly server: Bun.Server<{ query: string; upstream: WebSocket | null }>;

  private constructor(target: string) {
    this.target = target;
    this.server = Bun.serve<{ query: string; upstream: WebSocket | null }>({
      hostname: "127.0.0.1", port: 0,
      fetch: (request, server) => this.pass(request, server),
      websocket: {
        open: (near) => this.link(near),
        message: (near, message) => this.whenOpen(near.data.upstream!, () => near.data.upstream!.send(message)),
        close: (near) => near.data.upstream?.close(),
      },
    });
  }

  static async to(target: string): Promise<MeddlingProxy> {
    return new MeddlingProxy(target);
  }

  get url(): string {
    return `http://127.0.0.1:${this.server.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop(true);
  }

  private async pass(request: Request, server: Bun.Server<{ query: string; upstream: WebSocket | null }>): Promise<Response | undefined> {
    const { pathname, search } = new URL(request.url);
    if (request.headers.get("upgrade") !== null) {
      return server.upgrade(request, { data: { query: `${pathname}${search}`, upstream: null } }) ? undefined : new Response(null, { status: 400 });
    }
    if (request.method === "POST" && pathname.endsWith("/prompt")) this.posts += 1;
    const body = request.method === "GET" ? null : await request.bytes();
    try {
      const answer = await fetch(`${this.target}${pathname}${search}`, { method: request.method, headers: { "content-type": request.headers.get("content-type") ?? "application/json" }, body });
      return new Response(await answer.bytes(), { status: answer.status, headers: { "content-type": answer.headers.get("content-type") ?? "" } });
    } catch {
      return new Response(null, { status: 502 });
    }
  }

  private link(near: Bun.ServerWebSocket<{ query: string; upstream: WebSocket | null }>): void {
    const upstream = new WebSocket(`${this.target.replace("http", "ws")}${near.data.query}`);
    upstream.binaryType = "arraybuffer";
    near.data.upstream = upstream;
    upstream.onmessage = ({ data }) => {
      if (typeof data !== "string") return void near.send(data as ArrayBuffer);
      this.meddle(data, (text) => void near.send(text), ++this.meddled);
    };
    upstream.onclose = () => near.close();
  }

  private whenOpen(socket: WebSocket, then: () => void): void {
    if (socket.readyState === WebSocket.OPEN) then();
    else socket.addEventListener("open", then, { once: true });
  }
}
