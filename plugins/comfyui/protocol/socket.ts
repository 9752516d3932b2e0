import type { ComfyClient } from "./client.ts";
import { parseBinaryFrame, parseTextFrame, type ComfyEvent } from "./events.ts";

/** Frames beyond this are dropped unread: previews are far smaller, `execution_error` can carry a whole prompt. */
const frameLimitBytes = 64 * 1024 * 1024;
const openLimitMs = 2_000;
const firstRetryMs = 200;
const longestRetryMs = 5_000;

/**
 * Listens to ComfyUI for as long as a job lasts. Each connection has an id of its own, also after a drop: closing the
 * old socket would deregister a new one of the same id (ComfyUI 0.33.0, `server.py`, `websocket_handler`). What was lost meanwhile is not replayed.
 */
export class ComfySocket {
  readonly #client: ComfyClient;
  readonly #onEvent: (event: ComfyEvent) => void;
  readonly #inheritedId: string | null;
  #socket: WebSocket | null = null;
  #clientId: string | null = null;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #retryMs = firstRetryMs;
  #closed = false;

  /** `inheritedId`: of a connection that died with an earlier server, to hear what was sent with it; tried only once. */
  constructor(client: ComfyClient, onEvent: (event: ComfyEvent) => void, inheritedId: string | null = null) {
    this.#client = client;
    this.#onEvent = onEvent;
    this.#inheritedId = inheritedId;
  }

  /** The id to submit with; null while not connected. Events of a prompt only reach the connection it was sent with. */
  get clientId(): string | null {
    return this.#clientId;
  }

  /** Resolves when connected, or after a short limit: work goes on without the socket. */
  async open(): Promise<void> {
    const opened = Promise.withResolvers<void>();
    const timer = setTimeout(opened.resolve, openLimitMs);
    this.#connect(opened.resolve);
    await opened.promise;
    clearTimeout(timer);
  }

  close(): void {
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#drop();
  }

  #connect(whenOpen: () => void): void {
    const id = this.#inheritedId ?? crypto.randomUUID();
    const socket = this.#client.openSocket(id);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.onopen = () => {
      if (socket !== this.#socket) return;
      // Without this very first frame previews come without a prompt id.
      socket.send(JSON.stringify({ type: "feature_flags", data: { supports_preview_metadata: true } }));
      this.#clientId = id;
      this.#retryMs = firstRetryMs;
      whenOpen();
    };
    socket.onmessage = (message: MessageEvent<unknown>) => this.#receive(socket, message.data);
    socket.onerror = () => this.#lost(socket);
    socket.onclose = () => this.#lost(socket);
  }

  #receive(socket: WebSocket, data: unknown): void {
    if (socket !== this.#socket) return;
    if (typeof data === "string" && data.length <= frameLimitBytes) this.#onEvent(parseTextFrame(data));
    else if (data instanceof ArrayBuffer && data.byteLength <= frameLimitBytes) this.#onEvent(parseBinaryFrame(new Uint8Array(data)));
  }

  #lost(socket: WebSocket): void {
    if (socket !== this.#socket) return;
    this.#drop();
    if (this.#closed || this.#inheritedId !== null) return;
    this.#retry = setTimeout(() => this.#connect(() => {}), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs);
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#clientId = null;
    socket?.close();
  }
}
