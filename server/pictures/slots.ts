/**
 * Lets at most `count` units of work run at once; the rest waits in order. Decoding a picture takes memory that no
 * limit of JavaScript sees, so this is what keeps an upload of many pictures small.
 */
export class Slots {
  private free: number;
  private readonly waiting: Array<{ units: number; start: () => void }> = [];

  constructor(private readonly count: number) {
    this.free = count;
  }

  /** Who gives up while waiting leaves the queue, and `signal.reason` is thrown; work that has begun goes to its end. */
  async run<T>(units: number, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const taken = Math.min(units, this.count);
    await this.take(taken, signal);
    try {
      return await work();
    } finally {
      this.free += taken;
      this.wake();
    }
  }

  private async take(units: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const place = { units, start: resolve };
    const leave = () => {
      const at = this.waiting.indexOf(place);
      if (at < 0) return;
      this.waiting.splice(at, 1);
      reject(signal!.reason);
      // A large one at the head may have held up small ones behind it.
      this.wake();
    };
    signal?.addEventListener("abort", leave, { once: true });
    this.waiting.push(place);
    this.wake();
    await promise.finally(() => signal?.removeEventListener("abort", leave));
  }

  private wake(): void {
    while (this.waiting.length > 0 && this.waiting[0]!.units <= this.free) {
      const next = this.waiting.shift()!;
      this.free -= next.units;
      next.start();
    }
  }
}
