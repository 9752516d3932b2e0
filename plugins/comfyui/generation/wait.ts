/** Lets an event from the socket end a wait early, so that polling can be slow. Rings before a wait are not lost. */
export class Bell {
  #rung = false;
  #wake: (() => void) | null = null;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Ends when the bell rings, a signal is aborted or the time is over. */
  async wait(limitMs: number, ...signals: readonly AbortSignal[]): Promise<void> {
    if (!this.#rung && !signals.some((signal) => signal.aborted)) {
      const woken = Promise.withResolvers<void>();
      const timer = setTimeout(woken.resolve, limitMs);
      const wake = () => woken.resolve();
      this.#wake = wake;
      for (const signal of signals) signal.addEventListener("abort", wake);
      await woken.promise;
      for (const signal of signals) signal.removeEventListener("abort", wake);
      clearTimeout(timer);
      this.#wake = null;
    }
    this.#rung = false;
  }
}

/** Resolves with null as soon as the signal is aborted; the promise itself goes on, and `late` gets its value. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal, late: (value: T) => void): Promise<T | null> {
  const aborted = Promise.withResolvers<null>();
  const abort = () => aborted.resolve(null);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  let left = false;
  promise.then((value) => { if (left) late(value); }, () => { /* Told to whoever still waits below. */ });
  const first = await Promise.race([promise, aborted.promise]);
  signal.removeEventListener("abort", abort);
  left = first === null;
  return first;
}
