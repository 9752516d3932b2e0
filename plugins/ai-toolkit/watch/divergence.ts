import type { KnownFailure } from "../../../server/contract/job.ts";
import { parseBar } from "./bars.ts";
import type { LossPoint } from "./loss.ts";

/** Steps in a row without a usable loss after which it does not come back. */
const limit = 20;

/**
 * Notices a loss that is not a number, infinite, or flat zero for twenty steps: AI-Toolkit prints “loss is nan”, counts
 * zero and goes on to the end with exit code 0. Fed again from the first line it comes to the same.
 */
export class Divergence {
  readonly #stopping = new AbortController();
  readonly #stops: boolean;
  readonly #say: (sentence: string) => void;
  #lines = 0;
  #points = 0;
  #lastStep = -1;
  #since: number | null = null;
  #diverged = false;

  /** `policy`: the value of the parameter `onDivergence`; anything but `stop` only warns. */
  constructor(policy: unknown, say: (sentence: string) => void) {
    this.#stops = policy === "stop";
    this.#say = say;
  }

  /** For the child: aborted where the person chose to stop. */
  get stop(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Set when the training was stopped for it. */
  get failure(): Omit<KnownFailure, "tail"> | null {
    if (!this.#stopping.signal.aborted) return null;
    return {
      code: "diverged", what: "The training was stopped because its loss broke down.", why: `${this.#reason()}, so the LoRA learned nothing any more.`,
      fix: "Train again with half the learning rate. Checkpoints from before that step are kept.",
    };
  }

  line(text: string): void {
    if (/\bloss is nan\b/.test(text)) this.#lines++;
    else if ((parseBar(text)?.loss ?? 0) > 0) this.#lines = 0;
    if (this.#lines >= limit) this.#tell();
  }

  points(points: readonly LossPoint[]): void {
    for (const [step, value] of points) {
      if (step <= this.#lastStep) this.#points = 0;
      this.#lastStep = step;
      const isBad = !Number.isFinite(value) || value === 0;
      if (isBad && this.#points === 0 && !this.#diverged) this.#since = step;
      this.#points = isBad ? this.#points + 1 : 0;
      if (this.#points >= limit) this.#tell();
    }
  }

  #tell(): void {
    if (this.#diverged) return;
    this.#diverged = true;
    this.#say(`${this.#reason()}: the LoRA learns nothing any more. Stop and train again with half the learning rate.`);
    if (this.#stops) this.#stopping.abort();
  }

  #reason(): string {
    const since = this.#since === null ? "" : ` since step ${this.#since}`;
    return `The loss has been zero or not a number for ${limit} steps in a row${since}`;
  }
}
