import { signal, type ReadonlySignal } from "@preact/signals";

/** A toast leaves after this time; the time stands still while it is hovered, focused or the tab is hidden. */
const toastMs = 8_000;
const maxToasts = 3;
const tickMs = 250;

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly action: { label: string; run: () => void } | null;
  /** Ctrl+Z does it too. */
  readonly isUndo: boolean;
}

export interface ToastModel {
  readonly toasts: ReadonlySignal<readonly Toast[]>;
  show(text: string, options?: { action?: Toast["action"]; onClose?: () => void; sticky?: boolean }): number;
  /**
   * A change that was already applied on the page: `commit` sends it once the toast is gone, `undo` takes it back.
   * Exactly one of the two runs. Closing the page commits.
   */
  undoable(text: string, change: { commit: () => void; undo: () => void }): void;
  /** Of something deleted, which the server keeps for a fixed time: the undo is there as long, hovered or not. */
  kept(text: string, undo: () => void): void;
  /** Runs the newest undo, for Ctrl+Z; false when there is none. */
  undoLast(): boolean;
  act(id: number): void;
  dismiss(id: number): void;
  pause(paused: boolean): void;
  dispose(): void;
}

interface Entry extends Toast {
  leftMs: number;
  /** By the clock; null where the time may stand still. */
  readonly endsAt: number | null;
  readonly onClose: (() => void) | null;
}

export function createToastModel(keepSeconds: number): ToastModel {
  return new Toasts(keepSeconds * 1000);
}

class Toasts implements ToastModel {
  readonly toasts = signal<readonly Entry[]>([]);
  private nextId = 1;
  private isPaused = false;
  private timer: ReturnType<typeof setInterval> | null = null;

  constructor(private readonly keepMs: number) {
    addEventListener("pagehide", this.closeAll);
  }

  show(text: string, options: Parameters<ToastModel["show"]>[1] = {}): number {
    const leftMs = options.sticky ? Infinity : toastMs;
    return this.add({ text, action: options.action ?? null, onClose: options.onClose ?? null, leftMs, endsAt: null, isUndo: false });
  }

  undoable(text: string, { commit, undo }: { commit: () => void; undo: () => void }): void {
    this.add({ text, action: { label: "Undo", run: undo }, onClose: commit, leftMs: toastMs, endsAt: null, isUndo: true });
  }

  kept(text: string, undo: () => void): void {
    this.add({ text, action: { label: "Undo", run: undo }, onClose: null, leftMs: Infinity, endsAt: Date.now() + this.keepMs, isUndo: true });
  }

  undoLast(): boolean {
    const last = this.toasts.value.findLast((toast) => toast.isUndo);
    if (last) this.act(last.id);
    return last !== undefined;
  }

  act(id: number): void {
    this.remove(id)?.action?.run();
  }

  dismiss(id: number): void {
    this.remove(id)?.onClose?.();
  }

  pause(paused: boolean): void {
    this.isPaused = paused;
  }

  dispose(): void {
    removeEventListener("pagehide", this.closeAll);
    if (this.timer) clearInterval(this.timer);
  }

  private add(entry: Omit<Entry, "id">): number {
    const id = this.nextId++;
    this.toasts.value = [...this.toasts.value, { ...entry, id }];
    while (this.toasts.value.length > maxToasts) this.dismiss(this.toasts.value[0]!.id);
    this.timer ??= setInterval(() => this.tick(), tickMs);
    return id;
  }

  private remove(id: number): Entry | undefined {
    const entry = this.toasts.value.find((toast) => toast.id === id);
    this.toasts.value = this.toasts.value.filter((toast) => toast.id !== id);
    if (this.toasts.value.length === 0 && this.timer) {
      clearInterval(this.timer);
      this.timer = null;
    }
    return entry;
  }

  private tick(): void {
    for (const toast of this.toasts.value) if (toast.endsAt !== null && Date.now() >= toast.endsAt) this.dismiss(toast.id);
    if (this.isPaused || document.visibilityState === "hidden") return;
    for (const toast of this.toasts.value) {
      toast.leftMs -= tickMs;
      if (toast.leftMs <= 0) this.dismiss(toast.id);
    }
  }

  private readonly closeAll = (): void => {
    for (const toast of this.toasts.value) this.dismiss(toast.id);
  };
}
