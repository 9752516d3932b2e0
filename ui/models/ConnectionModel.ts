import { computed, signal, type ReadonlySignal } from "@preact/signals";
import type { AppEvent } from "../../server/contract/event.ts";
import { createEventSocket, type EventSocket, type SocketClock, type SocketLike, type SocketState } from "../socket.ts";

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
  const state = signal<SocketState>({ kind: "connecting" });
  const updated = signal(false);
  const connections = signal(0);
  let held: Array<{ event: AppEvent; seq: number }> | null = null;
  let refetching = 0;

  /** Events that arrive meanwhile wait, since the fetched data may be older or newer than they are. */
  const refetch = async (socket: EventSocket) => {
    const mine = ++refetching;
    held = [];
    try {
      const position = await options.refetch();
      if (mine !== refetching) return;
      const waiting: Array<{ event: AppEvent; seq: number }> = held ?? [];
      held = null;
      socket.setPosition(position.epoch, position.seq);
      for (const { event, seq } of waiting) if (seq > position.seq) options.apply(event);
      if (waiting.length >= maxHeldEvents) await refetch(socket);
    } catch {
      // The next connection asks again with the old position and is again told to fetch; nothing is shown as fresh until then.
      if (mine === refetching) held = null;
    }
  };

  const socket = createEventSocket({
    connect: options.connect,
    position: { epoch: options.position.epoch, seq: options.position.seq },
    clock: options.clock,
    handlers: {
      onState: (next) => (state.value = next),
      onEvent: (event, seq) => {
        if (!held) options.apply(event);
        else if (held.length < maxHeldEvents) held.push({ event, seq });
      },
      onHello: (hello) => {
        updated.value = hello.build !== options.position.build;
        if (!hello.resumed) void refetch(socket);
        connections.value += 1;
      },
    },
  });

  const wake = () => socket.retryNow();
  const onVisible = () => {
    if (document.visibilityState === "visible") wake();
  };
  addEventListener("online", wake);
  addEventListener("pageshow", wake);
  document.addEventListener("visibilitychange", onVisible);

  return {
    state,
    updated,
    connections,
    lostSince: computed(() => (state.value.kind === "lost" ? state.value.since : null)),
    start: () => socket.start(),
    retryNow: wake,
    watch: (jobId) => socket.watch(jobId),
    unwatch: (jobId) => socket.unwatch(jobId),
    dispose() {
      removeEventListener("online", wake);
      removeEventListener("pageshow", wake);
      document.removeEventListener("visibilitychange", onVisible);
      socket.close();
    },
  };
}
