/**
 * How much of a JPEG's picture really is in its data (ITU-T T.81). A decoder fills what is missing with grey and says nothing; here the codes
 * are walked without making pixels of them, and the units that are whole are counted.
 */
interface Component {
  readonly id: number;
  readonly h: number;
  readonly v: number;
}

interface Frame {
  readonly isProgressive: boolean;
  readonly width: number;
  readonly height: number;
  readonly components: readonly Component[];
}

/** Fast for codes of up to 8 bits: `length << 8 | value` by the next 8 bits, 0 where the code is longer. */
interface Codes {
  readonly short: Uint16Array;
  readonly maxCode: Int32Array;
  readonly offset: Int32Array;
  readonly values: Uint8Array;
}

/** Units between two turns of the event loop: some milliseconds. */
const unitsAtOnce = 20_000;

/** The least share (0 … 1) that any scan has of its units; null for kinds of coding that are not walked here. */
export async function wholeShare(bytes: Uint8Array, pause: () => Promise<void>): Promise<number | null> {
  const codes = new Map<number, Codes>();
  let frame: Frame | null = null;
  let restart = 0;
  let share = 1;
  for (let at = 2; at + 4 <= bytes.length;) {
    if (bytes[at] !== 0xff) return share;
    const code = bytes[at + 1]!;
    if (code === 0xff) {
      at++;
      continue;
    }
    if (code === 0xd9) break;
    const length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
    const body = bytes.subarray(at + 4, at + 2 + length);
    at += 2 + length;
    if (code === 0xc4) readCodes(body, codes);
    else if (code === 0xdd) restart = (body[0]! << 8) | body[1]!;
    else if (code === 0xc0 || code === 0xc1 || code === 0xc2) frame = readFrame(body, code === 0xc2);
    else if (code >= 0xc3 && code <= 0xcf && code !== 0xc8 && code !== 0xcc) return null;
    else if (code === 0xda) {
      if (frame === null) return null;
      const end = scanEnd(bytes, at);
      const scan = readScan(body, frame, codes, restart);
      if (scan !== null) share = Math.min(share, await scan.share(bytes.subarray(at, end), pause));
      at = end;
    }
  }
  return share;
}

function readFrame(body: Uint8Array, isProgressive: boolean): Frame | null {
  if (body[0] !== 8) return null;
  const components = Array.from({ length: body[5] ?? 0 }, (_, index) => ({
    id: body[6 + index * 3]!, h: body[7 + index * 3]! >> 4 || 1, v: body[7 + index * 3]! & 15 || 1,
  }));
  return { isProgressive, height: (body[1]! << 8) | body[2]!, width: (body[3]! << 8) | body[4]!, components };
}

function readCodes(body: Uint8Array, into: Map<number, Codes>): void {
  for (let at = 0; at + 17 <= body.length;) {
    const counts = body.subarray(at + 1, at + 17);
    const total = counts.reduce((sum, count) => sum + count, 0);
    into.set(body[at]!, makeCodes(counts, body.subarray(at + 17, at + 17 + total)));
    at += 17 + total;
  }
}

function makeCodes(counts: Uint8Array, values: Uint8Array): Codes {
  const short = new Uint16Array(256);
  const [maxCode, offset] = [new Int32Array(18).fill(-1), new Int32Array(18)];
  let [code, index] = [0, 0];
  for (let length = 1; length <= 16; length++) {
    offset[length] = index - code;
    for (let left = counts[length - 1]!; left > 0; left--, code++, index++) {
      if (length > 8) continue;
      const from = code << (8 - length);
      short.fill((length << 8) | (values[index] ?? 0), from, from + (1 << (8 - length)));
    }
    if (counts[length - 1]! > 0) maxCode[length] = code - 1;
    code <<= 1;
  }
  return { short, maxCode, offset, values };
}

/** At the first marker that is neither stuffed nor a restart. */
function scanEnd(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0 && at + 1 < bytes.length; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1]!;
    if (next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at;
  }
  return bytes.length;
}

/** Null for a scan that refines: what it reads depends on every value before. */
function readScan(body: Uint8Array, frame: Frame, codes: ReadonlyMap<number, Codes>, restart: number): Scan | null {
  const count = body[0] ?? 0;
  const chosen = Array.from({ length: count }, (_, index) => ({
    component: frame.components.find(({ id }) => id === body[1 + index * 2]),
    dc: codes.get(body[2 + index * 2]! >> 4) ?? null, ac: codes.get(0x10 | (body[2 + index * 2]! & 15)) ?? null,
  }));
  const [from = 0, to = 63, approximation = 0] = body.subarray(1 + count * 2);
  if (approximation >> 4 !== 0 || chosen.some(({ component }) => component === undefined)) return null;
  const parts = chosen.map(({ component, dc, ac }) => ({ component: component!, dc, ac }));
  return new Scan(frame, parts, { from, to: frame.isProgressive ? to : 63 }, restart);
}

class Ended extends Error {}

class Scan {
  private data: Uint8Array = new Uint8Array();
  private at = 0;
  private bits = 0;
  private count = 0;
  private endOfBand = 0;

  constructor(
    private readonly frame: Frame,
    private readonly parts: ReadonlyArray<{ component: Component; dc: Codes | null; ac: Codes | null }>,
    private readonly band: { from: number; to: number },
    private readonly restart: number,
  ) {}

  async share(data: Uint8Array, pause: () => Promise<void>): Promise<number> {
    this.data = data;
    const total = this.units();
    for (let unit = 0; unit < total; unit++) {
      if (unit > 0 && unit % unitsAtOnce === 0) await pause();
      try {
        if (this.restart > 0 && unit > 0 && unit % this.restart === 0) this.passRestart();
        this.passUnit();
      } catch (error) {
        if (error instanceof Ended) return unit / total;
        throw error;
      }
    }
    return 1;
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
      const blocks = this.parts.length > 1 ? component.h * component.v : 1;
      for (let block = 0; block < blocks; block++) this.passBlock(dc, ac);
    }
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

  private passRestart(): void {
    this.bits = 0;
    this.count = 0;
    this.endOfBand = 0;
    while (this.at + 1 < this.data.length && !(this.data[this.at] === 0xff && this.data[this.at + 1]! >= 0xd0 && this.data[this.at + 1]! <= 0xd7)) this.at++;
    if (this.at + 1 >= this.data.length) throw new Ended();
    this.at += 2;
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
