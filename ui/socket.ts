import type { AppEvent, ClientMessage, ServerMessage } from "../server/contract/event.ts";

/** Silence after which the connection counts as slow, and as lost. The server beats every 5 s. */
const lateAfterMs = 8_000;
const lostAfterMs = 15_000;
/** What the server gives as the reason when it ends in order (server/events/hub.ts). */
const endReason = "Isengard is shutting down";
const backOffSteps = [1, 2, 4, 8, 15] as const;
/** A socket watches at most this many jobs (limit of the server). */
export const maxWatched = 8;

/** Waits before the attempt after `failures` failures in a row. Never gives up. */
export function backOffMs(failures: number): number {
  return backOffSteps[Math.min(Math.max(failures, 1), backOffSteps.length) - 1]! * 1000;
}

/** The part of a WebSocket that is used here. */
export interface SocketLike {
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(data: string): void;
  close(): void;
}

export interface SocketClock {
  now(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

export type SocketState =
  | { kind: "connecting" }
  | { kind: "live" }
  | { kind: "late" }
  /** `retryAt` is null while an attempt is under way. `ended`: the server said that it ends, so it is no broken line. */
  | { kind: "lost"; since: number; retryAt: number | null; ended?: boolean };

export interface SocketHandlers {
  onState(state: SocketState): void;
  onEvent(event: AppEvent, seq: number): void;
  onHello(hello: { epoch: string; seq: number; build: string; resumed: boolean }): void;
}

export interface EventSocket {
  start(): void;
  /** Ends the wait and tries at once; does nothing while connected. */
  retryNow(): void;
  /** Gives up the present connection and makes a new one after the usual wait. */
  reconnect(): void;
  /** Counted: each watch needs its unwatch. */
  watch(jobId: string): void;
  unwatch(jobId: string): void;
  /** The event number from which the next connection goes on; set after the data was fetched anew. */
  setPosition(epoch: string, seq: number): void;
  close(): void;
}

export interface SocketOptions {
  connect(query: string): SocketLike;
  position: { epoch: string; seq: number };
  handlers: SocketHandlers;
  clock?: SocketClock;
}

const realClock: SocketClock = {
  now: () => Date.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer as number),
};

/** One WebSocket per tab that never gives up. Silence counts as loss, because a dead tunnel keeps its sockets open. */
export function createEventSocket(options: SocketOptions): EventSocket {
  return new RetryingSocket(options);
}

class RetryingSocket implements EventSocket {
  private readonly clock: SocketClock;
  private readonly watched = new Map<string, number>();
  private epoch: string;
  private seq: number;
  private socket: SocketLike | null = null;
  private state: SocketState = { kind: "connecting" };
  private isGreeted = false;
  private isClosed = false;
  private failures = 0;
  private timer: unknown = null;

  constructor(private readonly options: SocketOptions) {
    this.clock = options.clock ?? realClock;
    this.epoch = options.position.epoch;
    this.seq = options.position.seq;
  }

  start(): void {
    this.open();
  }

  retryNow(): void {
    if (this.state.kind === "lost" && this.state.retryAt !== null) this.open();
  }

  reconnect(): void {
    if (this.socket) this.drop();
  }

  watch(jobId: string): void {
    const count = this.watched.get(jobId) ?? 0;
    if (count === 0 && this.watched.size >= maxWatched) return;
    this.watched.set(jobId, count + 1);
    if (count === 0) this.say({ type: "watch", jobId });
  }

  unwatch(jobId: string): void {
    const count = this.watched.get(jobId) ?? 0;
    if (count > 1) this.watched.set(jobId, count - 1);
    else if (this.watched.delete(jobId)) this.say({ type: "unwatch", jobId });
  }

  setPosition(epoch: string, seq: number): void {
    this.seq = epoch === this.epoch ? Math.max(seq, this.seq) : seq;
    this.epoch = epoch;
  }

  close(): void {
    this.isClosed = true;
    this.clock.clearTimeout(this.timer);
    const old = this.socket;
    this.socket = null;
    old?.close();
  }

  private open(): void {
    if (this.isClosed) return;
    if (this.state.kind === "lost") this.setState({ ...this.state, retryAt: null });
    this.isGreeted = false;
    // The jobs watched are named at once, so that what was missed of them comes too.
    const watch = this.watched.size > 0 ? `&watch=${[...this.watched.keys()].map(encodeURIComponent).join(",")}` : "";
    const mine = this.options.connect(`?epoch=${encodeURIComponent(this.epoch)}&since=${this.seq}${watch}`);
    this.socket = mine;
    mine.onmessage = (event) => {
      if (this.socket === mine) this.receive(event.data);
    };
    mine.onclose = (event) => {
      if (this.socket === mine) this.drop(event.reason === endReason);
    };
    this.schedule(() => this.drop(), lostAfterMs);
  }

  /** Leaves the present socket behind and plans the next one. */
  private drop(saidEnd = false): void {
    const old = this.socket;
    this.socket = null;
    this.isGreeted = false;
    old?.close();
    if (this.isClosed) return;
    this.failures += 1;
    const wait = backOffMs(this.failures);
    const since = this.state.kind === "lost" ? this.state.since : this.clock.now();
    const ended = saidEnd || (this.state.kind === "lost" && this.state.ended === true);
    this.setState({ kind: "lost", since, retryAt: this.clock.now() + wait, ...(ended ? { ended } : {}) });
    this.schedule(() => this.open(), wait);
  }

  private receive(data: unknown): void {
    const message = JSON.parse(String(data)) as ServerMessage;
    if (message.type === "hello") {
      this.isGreeted = true;
      // With an unknown position the server has nothing to resume, so it is told again.
      if (!message.resumed) {
        ({ epoch: this.epoch, seq: this.seq } = message);
        for (const jobId of this.watched.keys()) this.say({ type: "watch", jobId });
      }
    }
    this.heard();
    if (message.type === "hello") this.options.handlers.onHello(message);
    if (message.type === "event") {
      this.seq = Math.max(this.seq, message.seq);
      this.options.handlers.onEvent(message.event, message.seq);
    }
  }

  private heard(): void {
    this.failures = 0;
    if (this.state.kind !== "live") this.setState({ kind: "live" });
    this.schedule(() => {
      this.setState({ kind: "late" });
      this.schedule(() => this.drop(), lostAfterMs - lateAfterMs);
    }, lateAfterMs);
  }

  private say(message: ClientMessage): void {
    if (this.isGreeted) this.socket?.send(JSON.stringify(message));
  }

  private setState(state: SocketState): void {
    this.state = state;
    this.options.handlers.onState(state);
  }

  private schedule(run: () => void, ms: number): void {
    this.clock.clearTimeout(this.timer);
    this.timer = this.clock.setTimeout(run, ms);
  }
}
