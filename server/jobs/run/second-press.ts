/**
 * Ways to press Stop a second time, by job. The first press walks down the stop ladder at its own pace; each further one
 * takes the next rung at once. A job without a running child has none, and a press then changes nothing.
 */
export class SecondPress {
  private readonly ways = new Map<string, Set<() => void>>();

  /** Called when a ladder begins. Returns the function that forgets it. */
  offer(jobId: string, escalate: () => void): () => void {
    const known = this.ways.get(jobId) ?? new Set();
    known.add(escalate);
    this.ways.set(jobId, known);
    return () => {
      known.delete(escalate);
      if (known.size === 0) this.ways.delete(jobId);
    };
  }

  press(jobId: string): void {
    for (const escalate of this.ways.get(jobId) ?? []) escalate();
  }
}
