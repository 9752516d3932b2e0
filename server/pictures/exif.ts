/** Orientation 1 is upright; 2–8 are the mirrored and turned cases of the Exif standard. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const orientationTag = 0x0112;
const entryLimit = 512;

/** Reads the orientation out of a TIFF body (what follows `Exif\0\0`). Anything odd counts as upright. */
export function readOrientation(tiff: Uint8Array): Orientation {
  if (tiff.length < 14) return 1;
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const little = view.getUint16(0) === 0x4949;
  if (!little && view.getUint16(0) !== 0x4d4d) return 1;
  const directory = view.getUint32(4, little);
  if (directory + 2 > tiff.length) return 1;
  const count = Math.min(view.getUint16(directory, little), entryLimit);
  for (let index = 0; index < count; index++) {
    const at = directory + 2 + index * 12;
    if (at + 12 > tiff.length) return 1;
    if (view.getUint16(at, little) === orientationTag) return asOrientation(readValue(view, at, little));
  }
  return 1;
}

/** The standard says SHORT; some programs write BYTE or LONG, whose first byte stands elsewhere by the byte order. */
function readValue(view: DataView, entry: number, little: boolean): number {
  const type = view.getUint16(entry + 2, little);
  if (view.getUint32(entry + 4, little) !== 1) return 1;
  if (type === 1) return view.getUint8(entry + 8);
  if (type === 3) return view.getUint16(entry + 8, little);
  return type === 4 || type === 9 ? view.getUint32(entry + 8, little) : 1;
}

/** A TIFF body that says nothing but the orientation. */
export function orientationTiff(orientation: Orientation): Uint8Array {
  const bytes = new Uint8Array(26);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0x4d4d);
  view.setUint16(2, 42);
  view.setUint32(4, 8);
  view.setUint16(8, 1);
  view.setUint16(10, orientationTag);
  view.setUint16(12, 3);
  view.setUint32(14, 1);
  view.setUint16(18, orientation);
  return bytes;
}

export const exifPrefix = new Uint8Array([0x45, 0x78, 0x69, 0x66, 0, 0]);

export function hasExifPrefix(bytes: Uint8Array): boolean {
  return exifPrefix.every((byte, index) => bytes[index] === byte);
}

function asOrientation(value: number): Orientation {
  return value >= 1 && value <= 8 ? (value as Orientation) : 1;
}
