import type { AppEvent } from "../server/contract/event.ts";

export type EventOf<T extends AppEvent["type"]> = Extract<AppEvent, { type: T }>;

/** Hands what the server says to the models. */
export interface Events {
  /** Returns the function that ends the subscription. */
  on<T extends AppEvent["type"]>(type: T, handler: (event: EventOf<T>) => void): () => void;
  emit(event: AppEvent): void;
}

export function createEvents(): Events {
  const handlers = new Map<string, Set<(event: AppEvent) => void>>();
  return {
    on(type, handler) {
      const group = handlers.get(type) ?? new Set();
      handlers.set(type, group);
      const entry = handler as (event: AppEvent) => void;
      group.add(entry);
      return () => group.delete(entry);
    },
    emit(event) {
      for (const handler of Array.from(handlers.get(event.type) ?? [])) handler(event);
    },
  };
}
