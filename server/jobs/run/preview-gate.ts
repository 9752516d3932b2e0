const everyMs = 100;
const largestBytes = 2 * 1024 * 1024;

/** At most ten previews a second, each as a data address; the newest wins, the others are dropped. */
export class PreviewGate {
  private pending: { index: number; bytes: Uint8Array } | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private nextAt = 0;

  constructor(private readonly show: (index: number, dataUrl: string) => void) {}

  offer(index: number, bytes: Uint8Array): void {
    if (bytes.length > largestBytes || mediaTypeOf(bytes) === null) return;
    this.pending = { index, bytes };
    const waitMs = this.nextAt - performance.now();
    if (waitMs <= 0) this.out();
    else this.timer ??= setTimeout(() => this.out(), waitMs);
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.pending = null;
  }

  private out(): void {
    this.timer = null;
    if (this.pending === null) return;
    const { index, bytes } = this.pending;
    this.pending = null;
    this.nextAt = performance.now() + everyMs;
    this.show(index, `data:${mediaTypeOf(bytes)};base64,${Buffer.from(bytes).toString("base64")}`);
  }
}

function mediaTypeOf(bytes: Uint8Array): string | null {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return "image/jpeg";
  if (bytes[0] === 0x89 && bytes[1] === 0x50) return "image/png";
  return null;
}
