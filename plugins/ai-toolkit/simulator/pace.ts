import { Interrupted } from "./python.ts";

/** Waits shorter than this are left out; the loop still lets signals in now and then. */
const shortestMs = 0.5;
const turnEvery = 16;

/** Lets simulated work take its time, and ends it at the next moment after an interrupt. */
export class Pace {
  readonly #speed: number;
  #interrupted = false;
  #skipped = 0;
  #wake: (() => void) | null = null;

  constructor(speed: number) {
    this.#speed = speed;
  }

  interrupt(): void {
    this.#interrupted = true;
    this.#wake?.();
  }

  async wait(ms: number): Promise<void> {
    const real = ms / this.#speed;
    if (real >= shortestMs) await this.#sleep(real);
    else if (++this.#skipped % turnEvery === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    if (this.#interrupted) throw new Interrupted();
  }

  async #sleep(ms: number): Promise<void> {
    if (this.#interrupted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = null;
  }
}
