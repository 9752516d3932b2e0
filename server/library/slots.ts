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

  async run<T>(units: number, work: () => Promise<T>): Promise<T> {
    const taken = Math.min(units, this.count);
    await this.take(taken);
    try {
      return await work();
    } finally {
      this.free += taken;
      this.wake();
    }
  }

  private take(units: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.waiting.push({ units, start: resolve });
    this.wake();
    return promise;
  }

  private wake(): void {
    while (this.waiting.length > 0 && this.waiting[0]!.units <= this.free) {
      const next = this.waiting.shift()!;
      this.free -= next.units;
      next.start();
    }
  }
}
