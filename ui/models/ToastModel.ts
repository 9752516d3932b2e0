import { signal, type ReadonlySignal } from "@preact/signals";

/** A toast leaves after this time; the time stands still while it is hovered, focused or the tab is hidden. */
export const toastMs = 8_000;
const maxToasts = 3;
const tickMs = 250;

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly action: { label: string; run: () => void } | null;
}

export interface ToastModel {
  readonly toasts: ReadonlySignal<readonly Toast[]>;
  show(text: string, options?: { action?: Toast["action"]; onClose?: () => void; sticky?: boolean }): number;
  /**
   * A change that was already applied on the page: `commit` sends it once the toast is gone, `undo` takes it back.
   * Exactly one of the two runs. Closing the page commits.
   */
  undoable(text: string, change: { commit: () => void; undo: () => void }): void;
  /** Runs the newest undo, for Ctrl+Z; false when there is none. */
  undoLast(): boolean;
  act(id: number): void;
  dismiss(id: number): void;
  pause(paused: boolean): void;
  dispose(): void;
}

interface Entry extends Toast {
  leftMs: number;
  readonly onClose: (() => void) | null;
  readonly isUndo: boolean;
}

export function createToastModel(): ToastModel {
  const toasts = signal<readonly Entry[]>([]);
  let nextId = 1;
  let paused = false;
  let timer: ReturnType<typeof setInterval> | null = null;

  const remove = (id: number): Entry | undefined => {
    const entry = toasts.value.find((toast) => toast.id === id);
    toasts.value = toasts.value.filter((toast) => toast.id !== id);
    if (toasts.value.length === 0 && timer) {
      clearInterval(timer);
      timer = null;
    }
    return entry;
  };
  const dismiss = (id: number) => remove(id)?.onClose?.();
  const tick = () => {
    if (paused || document.visibilityState === "hidden") return;
    for (const toast of toasts.value) {
      toast.leftMs -= tickMs;
      if (toast.leftMs <= 0) dismiss(toast.id);
    }
  };
  const add = (entry: Omit<Entry, "id">): number => {
    const id = nextId++;
    toasts.value = [...toasts.value, { ...entry, id }];
    while (toasts.value.length > maxToasts) dismiss(toasts.value[0]!.id);
    timer ??= setInterval(tick, tickMs);
    return id;
  };
  const closeAll = () => {
    for (const toast of toasts.value) dismiss(toast.id);
  };
  addEventListener("pagehide", closeAll);

  const model: ToastModel = {
    toasts,
    show: (text, options = {}) =>
      add({
        text,
        action: options.action ?? null,
        onClose: options.onClose ?? null,
        leftMs: options.sticky ? Infinity : toastMs,
        isUndo: false,
      }),
    undoable: (text, { commit, undo }) => {
      add({ text, action: { label: "Undo", run: undo }, onClose: commit, leftMs: toastMs, isUndo: true });
    },
    undoLast() {
      const last = toasts.value.findLast((toast) => toast.isUndo);
      if (last) model.act(last.id);
      return last !== undefined;
    },
    act: (id) => remove(id)?.action?.run(),
    dismiss,
    pause: (value) => (paused = value),
    dispose() {
      removeEventListener("pagehide", closeAll);
      if (timer) clearInterval(timer);
    },
  };
  return model;
}
