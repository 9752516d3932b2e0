import type { Codes } from "./jpeg-codes.ts";
import { scanWindowBytes, type Windows } from "./jpeg-scan-end.ts";

export interface Component {
  readonly id: number;
  readonly h: number;
  readonly v: number;
}

export interface Frame {
  readonly isProgressive: boolean;
  readonly width: number;
  readonly height: number;
  readonly components: readonly Component[];
}

/** Where the data of a scan lie: from `at` up to `end`, in bytes. */
export interface ScanRange {
  readonly at: number;
  readonly end: number;
}

/** Blocks of 8 × 8 between two turns of the event loop: some milliseconds. */
const blocksAtOnce = 20_000;
/** The most that a block can take: 64 times a code of 16 bits and a value of 15, each byte stuffed. */
const blockBytes = 496;
/** What is read ahead of a block's end. */
const aheadBytes = 16;

class Ended extends Error {}

/**
 * Walks over the data of one scan, a window of them at a time. A window ends behind whole units only where the data do,
 * so what is judged does not depend on where windows end.
 */
export class Scan {
  private data: Uint8Array = new Uint8Array();
  private at = 0;
  /** Where `data` begin in the source. */
  private dataAt = 0;
  private bits = 0;
  private count = 0;
  private endOfBand = 0;

  constructor(
    private readonly frame: Frame,
    private readonly parts: ReadonlyArray<{ component: Component; dc: Codes | null; ac: Codes | null }>,
    private readonly band: { from: number; to: number },
    private readonly restart: number,
  ) {}

  /** The share (0 … 1) of its units that is there. */
  async share(source: Windows, range: ScanRange, pause: () => Promise<void>): Promise<number> {
    this.dataAt = range.at;
    const total = this.units();
    const blocks = this.parts.reduce((sum, { component }) => sum + this.blocksOf(component), 0);
    const wanted = blocks * blockBytes + aheadBytes;
    const unitsAtOnce = Math.max(1, Math.floor(blocksAtOnce / blocks));
    for (let unit = 0; unit < total; unit++) {
      if (unit > 0 && unit % unitsAtOnce === 0) await pause();
      const isRestart = this.restart > 0 && unit > 0 && unit % this.restart === 0;
      if (isRestart && !(await this.passRestart(source, range.end))) return unit / total;
      if (this.data.length - this.at < wanted) await this.look(source, range.end);
      if (!this.isThere()) return unit / total;
    }
    return 1;
  }

  /** The window that begins where the walk is, or all that is left. */
  private async look(source: Windows, end: number): Promise<void> {
    const at = this.dataAt + this.at;
    if (this.dataAt + this.data.length >= end && this.data.length > 0) return;
    this.data = await source.read(at, Math.min(end - at, scanWindowBytes));
    this.dataAt = at;
    this.at = 0;
  }

  private isThere(): boolean {
    try {
      this.passUnit();
      return true;
    } catch (error) {
      if (error instanceof Ended) return false;
      throw error;
    }
  }

  private units(): number {
    const { width, height, components } = this.frame;
    const [hMax, vMax] = [Math.max(...components.map(({ h }) => h)), Math.max(...components.map(({ v }) => v))];
    if (this.parts.length > 1) return Math.ceil(width / (8 * hMax)) * Math.ceil(height / (8 * vMax));
    const { h, v } = this.parts[0]!.component;
    return Math.ceil(Math.ceil((width * h) / hMax) / 8) * Math.ceil(Math.ceil((height * v) / vMax) / 8);
  }

  private passUnit(): void {
    for (const { component, dc, ac } of this.parts) {
      for (let left = this.blocksOf(component); left > 0; left--) this.passBlock(dc, ac);
    }
  }

  private blocksOf({ h, v }: Component): number {
    return this.parts.length > 1 ? h * v : 1;
  }

  private passBlock(dc: Codes | null, ac: Codes | null): void {
    let { from: k } = this.band;
    if (k === 0) {
      this.skip(this.code(dc) & 15);
      k = 1;
    }
    if (this.band.to === 0) return;
    if (this.endOfBand > 0) {
      this.endOfBand--;
      return;
    }
    while (k <= this.band.to) {
      const symbol = this.code(ac);
      const [run, size] = [symbol >> 4, symbol & 15];
      if (size === 0 && run < 15) {
        this.endOfBand = run === 0 ? 0 : (1 << run) - 1 + this.take(run);
        return;
      }
      k += run + 1;
      this.skip(size);
    }
  }

  /** Goes behind the next restart marker; false where none is left. */
  private async passRestart(source: Windows, end: number): Promise<boolean> {
    this.bits = 0;
    this.count = 0;
    this.endOfBand = 0;
    for (;;) {
      const found = restartIn(this.data, this.at);
      if (found >= 0) {
        this.at = found + 2;
        return true;
      }
      // The last byte may be the first half of a marker.
      this.at = Math.max(this.at, this.data.length - 1);
      if (this.dataAt + this.data.length >= end) return false;
      await this.look(source, end);
    }
  }

  private code(codes: Codes | null): number {
    if (codes === null) throw new Ended();
    this.fill(16);
    const next = this.count >= 8 ? (this.bits >>> (this.count - 8)) & 255 : (this.bits << (8 - this.count)) & 255;
    const known = codes.short[next]!;
    if (known !== 0) {
      if (known >> 8 > this.count) throw new Ended();
      this.count -= known >> 8;
      return known & 255;
    }
    for (let length = 9; length <= 16 && length <= this.count; length++) {
      const value = (this.bits >>> (this.count - length)) & ((1 << length) - 1);
      if (value > codes.maxCode[length]!) continue;
      this.count -= length;
      return codes.values[value + codes.offset[length]!] ?? 0;
    }
    throw new Ended();
  }

  private take(size: number): number {
    this.fill(size);
    if (this.count < size) throw new Ended();
    this.count -= size;
    return (this.bits >>> this.count) & ((1 << size) - 1);
  }

  private skip(size: number): void {
    if (size > 0) this.take(size);
  }

  /** Up to `wanted` bits, fewer at the end or before a marker. */
  private fill(wanted: number): void {
    while (this.count < wanted && this.at < this.data.length) {
      const byte = this.data[this.at]!;
      if (byte === 0xff) {
        if (this.data[this.at + 1] !== 0) return;
        this.at++;
      }
      this.at++;
      this.bits = ((this.bits << 8) | byte) & 0xffffff;
      this.count += 8;
    }
  }
}

function restartIn(data: Uint8Array, from: number): number {
  for (let at = data.indexOf(0xff, from); at >= 0 && at + 1 < data.length; at = data.indexOf(0xff, at + 1)) {
    if (data[at + 1]! >= 0xd0 && data[at + 1]! <= 0xd7) return at;
  }
  return -1;
}
