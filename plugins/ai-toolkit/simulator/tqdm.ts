import type { Screen } from "./screen.ts";

const blocks = " ▏▎▍▌▋▊▉█";
const plainBlocks = " 123456789#";
const plainWidth = 10;
/** tqdm paints at most this often, except when the text behind the bar is set. */
const minIntervalSeconds = 0.1;

export interface BarOptions {
  readonly label: string;
  readonly total: number;
  readonly initial?: number;
  /** Weight of the newest speed; the training bar uses 0.7. */
  readonly smoothing?: number;
  /** Whether the bar stays on the screen when it ends. */
  readonly leave?: boolean;
  /** Lines below the cursor: 1 for a bar inside another. */
  readonly position?: number;
  /** Counts bytes and writes them short, as a download does. */
  readonly bytes?: boolean;
}

/** A progress bar that paints the same text at the same moments as Python's tqdm. */
export class ProgressBar {
  readonly #screen: Screen;
  readonly #options: BarOptions;
  #count: number;
  #startedAt = now();
  #paintedAt: number;
  #paintedCount: number;
  #rate: number | null = null;
  #postfix = "";
  #pausedAt: number | null = null;
  #closed = false;

  constructor(screen: Screen, options: BarOptions) {
    this.#screen = screen;
    this.#options = options;
    this.#count = options.initial ?? 0;
    this.#paintedCount = this.#count;
    this.#paintedAt = this.#startedAt;
    this.paint();
  }

  get count(): number {
    return this.#count;
  }

  /** Iterations a second, smoothed; null before the first. */
  get rate(): number | null {
    return this.#rate;
  }

  pause(): void {
    this.#pausedAt ??= now();
  }

  unpause(): void {
    if (this.#pausedAt === null) return;
    this.#startedAt += now() - this.#pausedAt;
    this.#paintedAt = now();
    this.#pausedAt = null;
  }

  postfix(text: string): void {
    this.#postfix = text;
    this.paint();
  }

  update(by: number): void {
    this.#count += by;
    const seconds = now() - this.#paintedAt;
    if (seconds < minIntervalSeconds) return;
    const speed = (this.#count - this.#paintedCount) / Math.max(seconds, 1e-6);
    const weight = this.#options.smoothing ?? 0.3;
    this.#rate = this.#rate === null ? speed : weight * speed + (1 - weight) * this.#rate;
    this.#paintedAt = now();
    this.#paintedCount = this.#count;
    this.paint();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#options.leave ?? true) {
      this.paint(true);
      this.#screen.write("\n");
    } else if ((this.#options.position ?? 0) > 0) {
      this.#screen.write(`${"\n".repeat(this.#options.position!)}\r${" ".repeat(this.#width())}\u001b[A`);
    } else {
      this.#screen.write(`\r${" ".repeat(this.#width())}\r`);
    }
  }

  /** Ends without painting again, as after an interrupt. */
  silence(): void {
    this.#closed = true;
  }

  paint(average = false): void {
    const position = this.#options.position ?? 0;
    this.#screen.write(`${"\n".repeat(position)}\r${this.#text(average)}${"\u001b[A".repeat(position)}`);
  }

  #width(): number {
    return this.#screen.plainBars ? 80 : this.#screen.columns;
  }

  #text(average: boolean): string {
    const { label, total, bytes } = this.#options;
    const share = total === 0 ? 0 : this.#count / total;
    const seconds = now() - this.#startedAt;
    const overall = seconds > 0 ? (this.#count - (this.#options.initial ?? 0)) / seconds : null;
    const rate = average ? overall : (this.#rate ?? overall);
    const left = `${label === "" ? "" : `${label}: `}${percent(share)}%|`;
    const counts = bytes === true ? `${short(this.#count)}/${short(total)}` : `${this.#count}/${total}`;
    const remaining = rate === null || rate === 0 ? "?" : interval((total - this.#count) / rate);
    const postfix = this.#postfix === "" ? "" : `, ${this.#postfix}`;
    const right = `| ${counts} [${interval(seconds)}<${remaining}, ${speedText(rate, bytes === true)}${postfix}]`;
    if (this.#screen.plainBars) return left + bar(share, plainWidth, plainBlocks) + right;
    const width = this.#screen.columns;
    return (left + bar(share, Math.max(1, width - left.length - right.length), blocks) + right).slice(0, width);
  }
}

/** As Python's `{:3.0f}`: halves go to the even number. */
function percent(share: number): string {
  const value = share * 100, below = Math.floor(value);
  const rounded = value - below === 0.5 ? below + (below % 2) : Math.round(value);
  return String(rounded).padStart(3);
}

function bar(share: number, width: number, signs: string): string {
  const parts = [...signs];
  const steps = parts.length - 1;
  const filled = Math.floor(Math.min(1, share) * width * steps);
  const whole = Math.floor(filled / steps);
  const full = parts[steps]!.repeat(whole);
  return whole >= width ? full : full + parts[filled % steps]! + " ".repeat(width - whole - 1);
}

function speedText(rate: number | null, bytes: boolean): string {
  if (rate === null || rate === 0) return bytes ? "?B/s" : "?it/s";
  if (bytes) return `${short(rate)}B/s`;
  return rate < 1 ? `${(1 / rate).toFixed(2).padStart(5)}s/it` : `${rate.toFixed(2).padStart(5)}it/s`;
}

function interval(seconds: number): string {
  const whole = Math.max(0, Math.trunc(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = Math.trunc(whole / 3600);
  return `${hours > 0 ? `${hours}:` : ""}${two(Math.trunc(whole / 60) % 60)}:${two(whole % 60)}`;
}

/** As tqdm's `format_sizeof`: three digits and a letter. */
function short(value: number): string {
  let rest = value;
  for (const unit of ["", "k", "M", "G", "T"]) {
    const digits = rest < 9.995 ? 2 : rest < 99.95 ? 1 : 0;
    if (rest < 999.5) return `${rest.toFixed(digits)}${unit}`;
    rest /= 1000;
  }
  return `${rest.toFixed(1)}P`;
}

function now(): number {
  return performance.now() / 1000;
}
