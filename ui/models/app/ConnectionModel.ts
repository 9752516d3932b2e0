import { computed, signal, type ReadonlySignal } from "@preact/signals";
import type { AppEvent } from "../../../server/contract/event.ts";
import { createEventSocket, type EventSocket, type SocketClock, type SocketLike, type SocketState } from "../../socket.ts";

/** Events kept while the data is fetched anew; above it the data is fetched once more. */
const maxHeldEvents = 10_000;

export interface ConnectionModel {
  readonly state: ReadonlySignal<SocketState>;
  /** The server runs another build than the one that this page came from. */
  readonly updated: ReadonlySignal<boolean>;
  /** Grows with every new connection; pages that watch a job fetch what they missed when it changes. */
  readonly connections: ReadonlySignal<number>;
  /** When the connection was lost, in ms since 1970, or null while there is one. */
  readonly lostSince: ReadonlySignal<number | null>;
  start(): void;
  retryNow(): void;
  watch(jobId: string): void;
  unwatch(jobId: string): void;
  dispose(): void;
}

export interface ConnectionOptions {
  position: { epoch: string; seq: number; build: string };
  connect(query: string): SocketLike;
  /** Applies one event to the models. */
  apply(event: AppEvent): void;
  /** Fetches everything anew; answers with the position of that data. */
  refetch(): Promise<{ epoch: string; seq: number }>;
  clock?: SocketClock;
}

/** Keeps the models in step with the server over drops: goes on from the last event, or fetches all again. */
export function createConnectionModel(options: ConnectionOptions): ConnectionModel {
  return new Connection(options);
}

class Connection implements ConnectionModel {
  readonly state = signal<SocketState>({ kind: "connecting" });
  readonly updated = signal(false);
  readonly connections = signal(0);
  readonly lostSince = computed(() => (this.state.value.kind === "lost" ? this.state.value.since : null));
  private readonly socket: EventSocket;
  private held: Array<{ event: AppEvent; seq: number }> | null = null;
  private refetching = 0;

  constructor(private readonly options: ConnectionOptions) {
    this.socket = createEventSocket({
      connect: options.connect,
      position: { epoch: options.position.epoch, seq: options.position.seq },
      clock: options.clock,
      handlers: {
        onState: (next) => (this.state.value = next),
        onEvent: (event, seq) => this.receive(event, seq),
        onHello: (hello) => {
          this.updated.value = hello.build !== options.position.build;
          if (!hello.resumed) void this.refetch();
          this.connections.value += 1;
        },
      },
    });
    addEventListener("online", this.retryNow);
    addEventListener("pageshow", this.retryNow);
    document.addEventListener("visibilitychange", this.onVisible);
  }

  start(): void {
    this.socket.start();
  }

  readonly retryNow = (): void => this.socket.retryNow();

  watch(jobId: string): void {
    this.socket.watch(jobId);
  }

  unwatch(jobId: string): void {
    this.socket.unwatch(jobId);
  }

  dispose(): void {
    removeEventListener("online", this.retryNow);
    removeEventListener("pageshow", this.retryNow);
    document.removeEventListener("visibilitychange", this.onVisible);
    this.socket.close();
  }

  private receive(event: AppEvent, seq: number): void {
    if (!this.held) this.options.apply(event);
    else if (this.held.length < maxHeldEvents) this.held.push({ event, seq });
  }

  /** Events that arrive meanwhile wait, since the fetched data may be older or newer than they are. */
  private async refetch(): Promise<void> {
    const mine = ++this.refetching;
    this.held = [];
    try {
      const position = await this.options.refetch();
      if (mine !== this.refetching) return;
      const waiting = this.held;
      this.held = null;
      this.socket.setPosition(position.epoch, position.seq);
      for (const { event, seq } of waiting) if (seq > position.seq) this.options.apply(event);
      if (waiting.length >= maxHeldEvents) await this.refetch();
    } catch {
      // The data is still old: a new connection with an unknown position is told again to fetch everything.
      if (mine !== this.refetching) return;
      this.held = null;
      this.socket.setPosition("", 0);
      this.socket.reconnect();
    }
  }

  private readonly onVisible = (): void => {
    if (document.visibilityState === "visible") this.retryNow();
  };
}
