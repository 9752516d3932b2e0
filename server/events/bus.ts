import type { AppEvent } from "../contract/event.ts";

export interface NumberedEvent {
  readonly seq: number;
  readonly event: AppEvent;
}

/** Typed publish and subscribe inside the process. Delivery is synchronous and in order of `seq`, which starts at 1. */
export interface Bus {
  publish(event: AppEvent): void;
  /** Returns the function that ends the subscription. */
  subscribe(listener: (numbered: NumberedEvent) => void): () => void;
  readonly seq: number;
}

/** `onListenerError` gets what a listener throws: a listener can never break a job or another listener. */
export function createBus(onListenerError: (error: unknown) => void): Bus {
  const listeners = new Set<(numbered: NumberedEvent) => void>();
  let seq = 0;
  return {
    publish(event) {
      const numbered = { seq: ++seq, event };
      for (const listener of listeners) {
        try {
          listener(numbered);
        } catch (error) {
          onListenerError(error);
        }
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    get seq() {
      return seq;
    },
  };
}
