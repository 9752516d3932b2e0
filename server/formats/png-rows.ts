import { createInflate } from "node:zlib";

const bytesPerPixel = 4;

/**
 * The rows of a PNG of 8-bit RGBA without interlacing (what the decoder writes), one after another; a row is valid until
 * the next one is asked for. Works in small slices, so that nothing else waits for a large picture.
 */
export async function* pngRows(png: Uint8Array, width: number): AsyncGenerator<Uint8Array> {
  const inflate = createInflate({ chunkSize: 64 * 1024 });
  const feeding = feed(png, inflate);
  const rowBytes = width * bytesPerPixel;
  let row = new Uint8Array(rowBytes);
  let above = new Uint8Array(rowBytes);
  const line = new Uint8Array(rowBytes + 1);
  let filled = 0;
  for await (const chunk of inflate as AsyncIterable<Uint8Array>) {
    for (let at = 0; at < chunk.length;) {
      const step = Math.min(line.length - filled, chunk.length - at);
      line.set(chunk.subarray(at, at + step), filled);
      filled += step;
      at += step;
      if (filled < line.length) continue;
      filled = 0;
      unfilter(line, above, row);
      yield row;
      [row, above] = [above, row];
    }
  }
  await feeding;
}

async function feed(png: Uint8Array, inflate: ReturnType<typeof createInflate>): Promise<void> {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  for (let at = 8; at + 12 <= png.length;) {
    const length = view.getUint32(at);
    if (view.getUint32(at + 4) === 0x49444154) {
      for (let from = at + 8; from < at + 8 + length; from += 64 * 1024) {
        const more = inflate.write(png.subarray(from, Math.min(from + 64 * 1024, at + 8 + length)));
        if (!more) await new Promise((resolve) => inflate.once("drain", resolve));
      }
    }
    at += 12 + length;
  }
  inflate.end();
}

/** One loop for each kind: this runs for each byte of up to 256 million. */
function unfilter(line: Uint8Array, above: Uint8Array, row: Uint8Array): void {
  const filter = line[0]!;
  const { length } = row;
  row.set(line.subarray(1));
  if (filter === 1) {
    for (let at = bytesPerPixel; at < length; at++) row[at] = row[at]! + row[at - bytesPerPixel]!;
  } else if (filter === 2) {
    for (let at = 0; at < length; at++) row[at] = row[at]! + above[at]!;
  } else if (filter === 3) {
    for (let at = 0; at < length; at++) row[at] = row[at]! + (((at >= bytesPerPixel ? row[at - bytesPerPixel]! : 0) + above[at]!) >> 1);
  } else if (filter === 4) {
    for (let at = 0; at < length; at++) {
      const isInside = at >= bytesPerPixel;
      row[at] = row[at]! + paeth(isInside ? row[at - bytesPerPixel]! : 0, above[at]!, isInside ? above[at - bytesPerPixel]! : 0);
    }
  }
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}
