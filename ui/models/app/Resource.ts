import { signal, type ReadonlySignal } from "@preact/signals";
import { asApiError, type ApiError } from "../../api.ts";

/**
 * Data that is fetched once and refreshed at times. `data` stays while a refresh runs or fails, so that a page can go on
 * showing it, greyed, beside the error.
 */
export interface Resource<T> {
  readonly data: ReadonlySignal<T | null>;
  readonly error: ReadonlySignal<ApiError | null>;
  readonly loading: ReadonlySignal<boolean>;
  /** A second call while one is under way makes the first one's answer void. */
  load(): Promise<void>;
  set(data: T): void;
  update(change: (data: T) => T): void;
}

export function createResource<T>(fetchData: () => Promise<T>, initial: T | null = null): Resource<T> {
  const data = signal<T | null>(initial);
  const error = signal<ApiError | null>(null);
  const loading = signal(false);
  let turn = 0;
  return {
    data,
    error,
    loading,
    async load() {
      const mine = ++turn;
      loading.value = true;
      try {
        const next = await fetchData();
        if (mine !== turn) return;
        data.value = next;
        error.value = null;
      } catch (thrown) {
        if (mine === turn) error.value = asApiError(thrown);
      } finally {
        if (mine === turn) loading.value = false;
      }
    },
    set(next) {
      turn += 1;
      loading.value = false;
      error.value = null;
      data.value = next;
    },
    update(change) {
      if (data.value !== null) data.value = change(data.value);
    },
  };
}
