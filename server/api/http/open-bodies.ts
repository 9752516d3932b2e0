/** Bodies of people whom nobody knows yet that may be on their way at once: a login takes milliseconds. */
export const openBodiesLimit = 16;

/**
 * Strangers who began a body and did not end it. Each holds a descriptor, of which a machine may have few: one too many ends the
 * oldest, so that those who come later, and everybody who is known, still get in.
 */
export class OpenBodies {
  private readonly open = new Set<AbortController>();

  /** The signal is aborted when the body has to give way. `leave` once it is read; may be called twice. */
  enter(): { readonly signal: AbortSignal; leave(): void } {
    const own = new AbortController();
    this.open.add(own);
    if (this.open.size > openBodiesLimit) {
      const [oldest] = this.open;
      this.open.delete(oldest!);
      oldest!.abort();
    }
    return { signal: own.signal, leave: () => void this.open.delete(own) };
  }
}
