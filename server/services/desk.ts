import type { ServiceHandle } from "../../plugins/plugin.ts";

/** A tool that is ready, as it is handed out. */
export interface ReadyTool {
  readonly url: string;
  readonly dir: string | null;
  readonly instance: string;
  readonly gone: AbortSignal;
}

interface Waiter {
  resolve(tool: ReadyTool): void;
  reject(error: Error): void;
}

/** Who waits for a tool and who uses it. */
export class ServiceDesk {
  private readonly waiters = new Set<Waiter>();
  private readonly handles = new Set<ServiceHandle>();

  constructor(private readonly restart: (instance: string, reason: string) => Promise<void>, private readonly onReleased: () => void) {}

  get inUse(): boolean {
    return this.handles.size > 0;
  }

  /** Whether the tool should run: somebody waits for it or uses it. */
  get wanted(): boolean {
    return this.inUse || this.waiters.size > 0;
  }

  /** Waits until `serve` or `refuse` is called; rejects with the reason of `signal` when that comes first. */
  async wait(signal?: AbortSignal): Promise<ServiceHandle> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<ServiceHandle>();
    // The handle is made in the same tick in which the tool is served, so it is never taken for idle in between.
    const waiter: Waiter = { resolve: (tool) => resolve(this.hand(tool)), reject };
    const onAbort = () => {
      this.waiters.delete(waiter);
      this.onReleased();
      reject(signal?.reason);
    };
    this.waiters.add(waiter);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      return await promise;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  serve(tool: ReadyTool): void {
    const waiting = [...this.waiters];
    this.waiters.clear();
    for (const waiter of waiting) waiter.resolve(tool);
  }

  refuse(error: Error): void {
    const waiting = [...this.waiters];
    this.waiters.clear();
    for (const waiter of waiting) waiter.reject(error);
  }

  hand(tool: ReadyTool): ServiceHandle {
    const { url, dir, instance, gone } = tool;
    const handle: ServiceHandle = {
      url, dir, instance, gone,
      release: () => {
        if (this.handles.delete(handle)) this.onReleased();
      },
      restart: (reason) => this.restart(instance, reason),
    };
    this.handles.add(handle);
    return handle;
  }
}
