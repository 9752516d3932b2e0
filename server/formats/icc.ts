export type Matrix = readonly [number, number, number, number, number, number, number, number, number];
/** From a stored value (0 to 1) to light (0 to 1). */
export type Curve = (value: number) => number;

/** What the numbers of a picture mean: a curve for each channel, then light to XYZ under D50. */
export interface ColourSpace {
  readonly curves: readonly [Curve, Curve, Curve];
  readonly toXyz: Matrix;
}

export const srgbCurve: Curve = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
/** IEC 61966-2-1, adapted to D50. */
const srgbToXyz: Matrix = [0.4360747, 0.3850649, 0.1430804, 0.2225045, 0.7168786, 0.0606169, 0.0139322, 0.0971045, 0.7141733];
export const srgb: ColourSpace = { curves: [srgbCurve, srgbCurve, srgbCurve], toXyz: srgbToXyz };

const headerBytes = 128;
const tagLimit = 128;

/** Null: not a profile of one curve for each channel and a matrix (ICC.1:2022, 8.3.3), or a broken one. */
export function readProfile(bytes: Uint8Array): ColourSpace | null {
  try {
    return parse(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function parse(view: DataView): ColourSpace | null {
  if (textAt(view, 36) !== "acsp" || textAt(view, 20) !== "XYZ ") return null;
  const tags = new Map<string, number>();
  const count = Math.min(view.getUint32(headerBytes), tagLimit);
  for (let index = 0; index < count; index++) {
    const at = headerBytes + 4 + index * 12;
    tags.set(textAt(view, at), view.getUint32(at + 4));
  }
  const curveOf = (tag: string) => readCurve(view, tags.get(tag));
  if (textAt(view, 16) === "GRAY") {
    const gray = curveOf("kTRC");
    return gray && { curves: [gray, gray, gray], toXyz: srgbToXyz };
  }
  const [red, green, blue] = [curveOf("rTRC"), curveOf("gTRC"), curveOf("bTRC")];
  const columns = ["rXYZ", "gXYZ", "bXYZ"].map((tag) => readXyz(view, tags.get(tag)));
  const [r, g, b] = columns;
  if (textAt(view, 16) !== "RGB " || !red || !green || !blue || !r || !g || !b) return null;
  return { curves: [red, green, blue], toXyz: [r[0], g[0], b[0], r[1], g[1], b[1], r[2], g[2], b[2]] };
}

function readXyz(view: DataView, at: number | undefined): [number, number, number] | null {
  if (at === undefined || textAt(view, at) !== "XYZ ") return null;
  return [fixed(view, at + 8), fixed(view, at + 12), fixed(view, at + 16)];
}

function readCurve(view: DataView, at: number | undefined): Curve | null {
  if (at === undefined) return null;
  if (textAt(view, at) === "para") return readParametric(view, at);
  if (textAt(view, at) !== "curv") return null;
  const count = view.getUint32(at + 8);
  if (count === 0) return (value) => value;
  if (count === 1) return power(view.getUint16(at + 12) / 256);
  if (at + 12 + count * 2 > view.byteLength) return null;
  const table = Float64Array.from({ length: count }, (_, index) => view.getUint16(at + 12 + index * 2) / 65_535);
  return (value) => {
    const place = value * (count - 1);
    const low = Math.min(Math.floor(place), count - 2);
    return table[low]! + (table[low + 1]! - table[low]!) * (place - low);
  };
}

/** ICC.1:2022, 10.18: five forms of one curve. */
function readParametric(view: DataView, at: number): Curve | null {
  const form = view.getUint16(at + 8);
  const [g = 1, a = 1, b = 0, c = 0, d = 0, e = 0, f = 0] = Array.from({ length: [1, 3, 4, 5, 7][form] ?? 0 }, (_, index) => fixed(view, at + 12 + index * 4));
  if (form === 0) return power(g);
  if (form === 1) return (x) => (x >= -b / a ? (a * x + b) ** g : 0);
  if (form === 2) return (x) => (x >= -b / a ? (a * x + b) ** g + c : c);
  if (form === 3) return (x) => (x >= d ? (a * x + b) ** g : c * x);
  return form === 4 ? (x) => (x >= d ? (a * x + b) ** g + e : c * x + f) : null;
}

export function power(exponent: number): Curve {
  return (value) => value ** exponent;
}

function fixed(view: DataView, at: number): number {
  return view.getInt32(at) / 65_536;
}

function textAt(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
}
