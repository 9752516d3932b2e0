import { power, srgb, srgbCurve, type ColourSpace, type Curve, type Matrix } from "./icc.ts";

/** XYZ under D50 to the light of sRGB. */
const fromXyz: Matrix = [3.1338561, -1.6168667, -0.4906146, -0.9787684, 1.9161415, 0.033454, 0.0719453, -0.2289914, 1.4052427];
const bradford: Matrix = [0.8951, 0.2664, -0.1614, -0.7502, 1.7135, 0.0367, 0.0389, -0.0685, 1.0296];
const d50 = [0.96422, 1, 0.82521] as const;
const steps = 16_384;

/** White, red, green, blue as x and y. */
export type Primaries = readonly [number, number, number, number, number, number, number, number];
const srgbPrimaries: Primaries = [0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06];
const wide: Readonly<Record<number, Primaries>> = {
  1: srgbPrimaries,
  9: [0.3127, 0.329, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046],
  11: [0.314, 0.351, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06],
  12: [0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06],
};
const transfers: Readonly<Record<number, Curve>> = { 1: srgbCurve, 4: power(2.2), 5: power(2.8), 6: srgbCurve, 8: power(1), 13: srgbCurve, 14: srgbCurve, 15: srgbCurve };

/** Code points of ITU-T H.273. Null: one that is not known here, HDR among them. */
export function codedSpace(primaries: number, transfer: number): ColourSpace | null {
  const [points, curve] = [wide[primaries], transfers[transfer]];
  return points && curve ? { curves: [curve, curve, curve], toXyz: primariesToXyz(points) } : null;
}

function primariesToXyz([wx, wy, rx, ry, gx, gy, bx, by]: Primaries): Matrix {
  const column = (x: number, y: number) => [x / y, 1, (1 - x - y) / y] as const;
  const [white, r, g, b] = [column(wx, wy), column(rx, ry), column(gx, gy), column(bx, by)];
  const points: Matrix = [r[0], g[0], b[0], r[1], g[1], b[1], r[2], g[2], b[2]];
  const scale = apply(inverse(points), white);
  const rgb = points.map((value, index) => value * scale[index % 3]!) as unknown as Matrix;
  const [from, to] = [apply(bradford, white), apply(bradford, d50)];
  const cone: Matrix = [to[0] / from[0], 0, 0, 0, to[1] / from[1], 0, 0, 0, to[2] / from[2]];
  return multiply(multiply(inverse(bradford), multiply(cone, bradford)), rgb);
}

/** Whether no value of this space differs from sRGB by more than a rounding. */
export function isSrgb(space: ColourSpace): boolean {
  const convert = toSrgb(space);
  const pixel = new Uint8Array(3);
  const samples = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [128, 128, 128], [64, 64, 64], [200, 150, 120], [30, 60, 90]] as const;
  return samples.every(([r, g, b]) => {
    convert(r, g, b, pixel, 0);
    return Math.abs(pixel[0]! - r) < 3 && Math.abs(pixel[1]! - g) < 3 && Math.abs(pixel[2]! - b) < 3;
  });
}

export type Convert = (r: number, g: number, b: number, target: Uint8Array, at: number) => void;

/** Colours that sRGB does not have are clipped, as a browser does on an sRGB screen. */
export function toSrgb(space: ColourSpace): Convert {
  const [red, green, blue] = space.curves.map((curve) => Float32Array.from({ length: 256 }, (_, index) => curve(index / 255)));
  const m = multiply(fromXyz, space.toXyz);
  const encode = Uint8Array.from({ length: steps + 1 }, (_, index) => Math.round(255 * encoded(index / steps)));
  const stored = (light: number) => encode[light <= 0 ? 0 : light >= 1 ? steps : Math.round(light * steps)]!;
  return (r, g, b, target, at) => {
    const [x, y, z] = [red![r]!, green![g]!, blue![b]!];
    target[at] = stored(m[0] * x + m[1] * y + m[2] * z);
    target[at + 1] = stored(m[3] * x + m[4] * y + m[5] * z);
    target[at + 2] = stored(m[6] * x + m[7] * y + m[8] * z);
  };
}

export function gammaSpace(gamma: number, primaries: Primaries | null): ColourSpace {
  const curve = power(1 / gamma);
  return { curves: [curve, curve, curve], toXyz: primaries ? primariesToXyz(primaries) : srgb.toXyz };
}

function encoded(light: number): number {
  return light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055;
}

function apply(m: Matrix, [x, y, z]: readonly [number, number, number]): [number, number, number] {
  return [m[0] * x + m[1] * y + m[2] * z, m[3] * x + m[4] * y + m[5] * z, m[6] * x + m[7] * y + m[8] * z];
}

function multiply(left: Matrix, right: Matrix): Matrix {
  const cells = Array.from({ length: 9 }, (_, index) => {
    const [row, column] = [Math.floor(index / 3) * 3, index % 3];
    return left[row]! * right[column]! + left[row + 1]! * right[column + 3]! + left[row + 2]! * right[column + 6]!;
  });
  return cells as unknown as Matrix;
}

function inverse([a, b, c, d, e, f, g, h, i]: Matrix): Matrix {
  const [p, q, r] = [e * i - f * h, f * g - d * i, d * h - e * g];
  const all = a * p + b * q + c * r;
  const cells = [p, c * h - b * i, b * f - c * e, q, a * i - c * g, c * d - a * f, r, b * g - a * h, a * e - b * d];
  return cells.map((value) => value / all) as unknown as Matrix;
}
