const intervalMs = 100;
/** Room for the redaction to see what stands around the part that is shown. */
const longestText = 4000;

/** Passes the first text at once, then at most one per 100 ms; the last one always arrives. */
export class LiveLine {
  private timer: ReturnType<typeof setTimeout> | null = null;
  private next: string | null = null;

  constructor(private readonly send: (text: string) => void) {}

  show(text: string): void {
    this.next = text.slice(0, longestText);
    if (this.timer === null) this.sendNext();
  }

  /** Sends what waits. */
  stop(): void {
    if (this.next !== null) this.send(this.next);
    this.next = null;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private sendNext(): void {
    this.timer = null;
    if (this.next === null) return;
    this.send(this.next);
    this.next = null;
    this.timer = setTimeout(() => this.sendNext(), intervalMs);
  }
}
