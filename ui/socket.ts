import type { AppEvent, ClientMessage, ServerMessage } from "../server/contract/event.ts";

/** Silence after which the connection counts as slow, and as lost. The server beats every 5 s. */
export const lateAfterMs = 8_000;
export const lostAfterMs = 15_000;
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
  /** `retryAt` is null while an attempt is under way. */
  | { kind: "lost"; since: number; retryAt: number | null };

export interface SocketHandlers {
  onState(state: SocketState): void;
  onEvent(event: AppEvent, seq: number): void;
  onHello(hello: { epoch: string; seq: number; build: string; resumed: boolean }): void;
}

export interface EventSocket {
  start(): void;
  /** Ends the wait and tries at once; does nothing while connected. */
  retryNow(): void;
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
  const clock = options.clock ?? realClock;
  const { handlers } = options;
  const watched = new Map<string, number>();
  let { epoch, seq } = options.position;
  let socket: SocketLike | null = null;
  let state: SocketState = { kind: "connecting" };
  let greeted = false;
  let failures = 0;
  let timer: unknown = null;
  let closed = false;

  const setState = (next: SocketState) => {
    state = next;
    handlers.onState(next);
  };
  const schedule = (run: () => void, ms: number) => {
    clock.clearTimeout(timer);
    timer = clock.setTimeout(run, ms);
  };
  const say = (message: ClientMessage) => {
    if (greeted) socket?.send(JSON.stringify(message));
  };

  const open = () => {
    if (closed) return;
    if (state.kind === "lost") setState({ ...state, retryAt: null });
    greeted = false;
    // The jobs watched are named at once, so that what was missed of them comes too.
    const watch = watched.size > 0 ? `&watch=${[...watched.keys()].map(encodeURIComponent).join(",")}` : "";
    const mine = options.connect(`?epoch=${encodeURIComponent(epoch)}&since=${seq}${watch}`);
    socket = mine;
    mine.onmessage = (event) => {
      if (socket === mine) receive(event.data);
    };
    mine.onclose = () => {
      if (socket === mine) drop();
    };
    schedule(drop, lostAfterMs);
  };

  /** Leaves the present socket behind and plans the next one. */
  const drop = () => {
    const old = socket;
    socket = null;
    greeted = false;
    old?.close();
    if (closed) return;
    failures += 1;
    const wait = backOffMs(failures);
    setState({ kind: "lost", since: state.kind === "lost" ? state.since : clock.now(), retryAt: clock.now() + wait });
    schedule(open, wait);
  };

  const heard = () => {
    failures = 0;
    if (state.kind !== "live") setState({ kind: "live" });
    schedule(() => {
      setState({ kind: "late" });
      schedule(drop, lostAfterMs - lateAfterMs);
    }, lateAfterMs);
  };

  const receive = (data: unknown) => {
    const message = JSON.parse(String(data)) as ServerMessage;
    if (message.type === "hello") {
      greeted = true;
      // With an unknown position the server has nothing to resume, so it is told again.
      if (!message.resumed) for (const jobId of watched.keys()) say({ type: "watch", jobId });
      if (!message.resumed) ({ epoch, seq } = message);
      heard();
      handlers.onHello(message);
      return;
    }
    heard();
    if (message.type === "event") {
      seq = Math.max(seq, message.seq);
      handlers.onEvent(message.event, message.seq);
    }
  };

  return {
    start: open,
    retryNow() {
      if (state.kind === "lost" && state.retryAt !== null) open();
    },
    watch(jobId) {
      const count = watched.get(jobId) ?? 0;
      if (count === 0 && watched.size >= maxWatched) return;
      watched.set(jobId, count + 1);
      if (count === 0) say({ type: "watch", jobId });
    },
    unwatch(jobId) {
      const count = watched.get(jobId) ?? 0;
      if (count > 1) watched.set(jobId, count - 1);
      else if (watched.delete(jobId)) say({ type: "unwatch", jobId });
    },
    setPosition(nextEpoch, nextSeq) {
      seq = nextEpoch === epoch ? Math.max(nextSeq, seq) : nextSeq;
      epoch = nextEpoch;
    },
    close() {
      closed = true;
      clock.clearTimeout(timer);
      const old = socket;
      socket = null;
      old?.close();
    },
  };
}
