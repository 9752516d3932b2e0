import { beforeAll, expect, test } from "bun:test";
import { drawPicture } from "../testing/pictures.ts";
import { wholeShare } from "./jpeg-entropy.ts";
import { scanWindowBytes, type Windows } from "./jpeg-scan-end.ts";

let base: Uint8Array;
let layered: Uint8Array;

/** Many windows long, and without a place where a decoder could tell rows apart. */
beforeAll(async () => {
  base = await drawPicture({ width: 1600, height: 1200, seed: 4, format: "jpeg", noise: true });
  layered = await new Bun.Image(base).jpeg({ quality: 90, progressive: true }).bytes();
});

/** As a file's source does it, what it gave is overwritten by the next window. */
class Once implements Windows {
  readonly size: number;
  largest = 0;
  private readonly buffer = new Uint8Array(scanWindowBytes);

  constructor(private readonly bytes: Uint8Array) {
    this.size = bytes.length;
  }

  async read(at: number, length: number): Promise<Uint8Array> {
    const part = this.bytes.subarray(at, at + length);
    this.largest = Math.max(this.largest, part.length);
    this.buffer.fill(0xff).set(part);
    return this.buffer.subarray(0, part.length);
  }
}

const shareOf = (source: Windows) => wholeShare(source, () => Promise.resolve());

test("a JPEG many windows long is walked with one window in memory", async () => {
  for (const picture of [base, layered]) {
    const source = new Once(picture);
    expect(picture.length).toBeGreaterThan(8 * scanWindowBytes);
    expect(await shareOf(source)).toBe(1);
    expect(source.largest).toBeLessThanOrEqual(scanWindowBytes);
  }
});

test("where the data end is found at whichever place of a window", async () => {
  for (let cut = scanWindowBytes * 6; cut < scanWindowBytes * 6 + 40; cut += 5) {
    const share = await shareOf(new Once(base.subarray(0, cut)));
    expect(share! * base.length).toBeGreaterThan(cut - base.length / 50);
    expect(share! * base.length).toBeLessThan(cut + base.length / 50);
  }
});

test("a scan of more parts than the decoder takes is left to it", async () => {
  const scan = Buffer.from(base).indexOf(Buffer.from([0xff, 0xda]));
  const parts = Uint8Array.from(base);
  parts[scan + 4] = 255;
  expect(await shareOf(new Once(parts))).toBe(1);
  const none = Uint8Array.from(base);
  none[scan + 4] = 0;
  expect(await shareOf(new Once(none))).toBe(1);
});
