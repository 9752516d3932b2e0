import type { Colour } from "./canvas.ts";

/** A picture made small, to be looked at by its colours. */
export interface Grid {
  readonly width: number;
  readonly height: number;
  at(x: number, y: number): Colour;
}

/** Any picture that Bun reads, squeezed to this size. Rejects what cannot be decoded. */
export async function gridOf(picture: Uint8Array | Blob, width: number, height: number): Promise<Grid> {
  const bytes = picture instanceof Uint8Array ? picture : new Uint8Array(await picture.arrayBuffer());
  const png = await new Bun.Image(bytes).resize(width, height, { fit: "fill", filter: "box" }).png({ compressionLevel: 0 }).bytes();
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const channels = ({ 0: 1, 2: 3, 4: 2, 6: 4 } as Readonly<Record<number, number>>)[png[25]!];
  if (channels === undefined || png[24] !== 8) throw new Error("This PNG has another form than Bun writes.");
  const rows = unfiltered(Bun.inflateSync(dataOf(png, view), { windowBits: 15 }), width * channels, height, channels);
  const isGray = channels < 3;
  const at = (x: number, y: number): Colour => {
    const place = (y * width + x) * channels;
    return isGray ? [rows[place]!, rows[place]!, rows[place]!] : [rows[place]!, rows[place + 1]!, rows[place + 2]!];
  };
  return { width, height, at };
}

/** The joined IDAT chunks (PNG specification, 5.3). */
function dataOf(png: Uint8Array, view: DataView): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  for (let offset = 8; offset + 12 <= png.length; offset += 12 + view.getUint32(offset)) {
    if (view.getUint32(offset + 4) === 0x49444154) parts.push(png.subarray(offset + 8, offset + 8 + view.getUint32(offset)));
  }
  return Uint8Array.from(Buffer.concat(parts));
}

/** Takes back the filter of each row (PNG specification, 9.2). */
function unfiltered(data: Uint8Array, rowBytes: number, height: number, step: number): Uint8Array {
  const rows = new Uint8Array(rowBytes * height);
  for (let y = 0; y < height; y++) {
    const filter = data[y * (rowBytes + 1)]!;
    for (let x = 0; x < rowBytes; x++) {
      const left = x >= step ? rows[y * rowBytes + x - step]! : 0;
      const up = y > 0 ? rows[(y - 1) * rowBytes + x]! : 0;
      const corner = x >= step && y > 0 ? rows[(y - 1) * rowBytes + x - step]! : 0;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter] ?? 0;
      rows[y * rowBytes + x] = data[y * (rowBytes + 1) + 1 + x]! + guess;
    }
  }
  return rows;
}

function paeth(left: number, up: number, corner: number): number {
  const sum = left + up - corner;
  const [byLeft, byUp, byCorner] = [Math.abs(sum - left), Math.abs(sum - up), Math.abs(sum - corner)];
  return byLeft <= byUp && byLeft <= byCorner ? left : byUp <= byCorner ? up : corner;
}
