import { expect, test } from "bun:test";
import { orientationTiff, readOrientation } from "./exif.ts";
import { pictureKind } from "./kind.ts";

const tar = `${"photos/a.jpg".padEnd(257, "\0")}ustar\x0000`;
const box = (brand: string) => `\0\0\0\x18ftyp${brand}\0\0\0\0`;
const families: Array<[what: string, bytes: string, code: string, says: RegExp]> = [
  ["Canon raw, new", `${box("crx ")}crx isom`, "unsupported", /camera raw.*JPEG/],
  ["Canon raw, old", "II*\0\x10\0\0\0CR\x02\0", "unsupported", /camera raw.*JPEG/],
  ["Canon raw, oldest", "II\x1a\0\0\0HEAPCCDR", "unsupported", /camera raw.*JPEG/],
  ["Nikon raw", "MM\0*\0\0\0\x08 NIKON CORPORATION", "unsupported", /camera raw.*JPEG/],
  ["Sony raw", "II*\0\x08\0\0\0 SONY ", "unsupported", /camera raw.*JPEG/],
  ["Olympus raw", "IIRO\x08\0\0\0", "unsupported", /camera raw.*JPEG/],
  ["Fujifilm raw", "FUJIFILMCCD-RAW 0201", "unsupported", /camera raw.*JPEG/],
  ["Panasonic raw", "IIU\0\x18\0\0\0", "unsupported", /camera raw.*JPEG/],
  ["Sigma raw", "FOVb\0\0\x02\0", "unsupported", /camera raw.*JPEG/],
  ["TIFF", "II*\0\x08\0\0\0\0\0", "unsupported", /TIFF.*JPEG/],
  ["big TIFF", "MM\0+\0\x08\0\0", "unsupported", /TIFF.*JPEG/],
  ["JPEG 2000", "\0\0\0\x0cjP  \r\n\x87\n", "unsupported", /JPEG 2000.*JPEG or PNG/],
  ["JPEG 2000 stream", "\xff\x4f\xff\x51\0\x2f", "unsupported", /JPEG 2000.*JPEG or PNG/],
  ["JPEG XL", "\xff\x0a\0\0", "unsupported", /JPEG XL.*JPEG or PNG/],
  ["icon", "\0\0\x01\0\x01\0", "unsupported", /ICO.*JPEG or PNG/],
  ["BMP", "BM\0\0\0\0", "unsupported", /BMP.*JPEG or PNG/],
  ["HEIC series", box("hevc"), "unsupported", /HEIC/],
  ["AVIF series", box("avis"), "unsupported", /AVIF/],
  ["MP4", box("isom"), "unsupported", /video/],
  ["QuickTime without a type", "\0\0\0\x08wide\0\0\0\0mdat", "unsupported", /video/],
  ["AVI", "RIFF\0\0\0\0AVI LIST", "unsupported", /video/],
  ["Matroska", "\x1a\x45\xdf\xa3\0\0", "unsupported", /video/],
  ["RAR", "Rar!\x1a\x07\0", "unsupported", /RAR.*Unpack/],
  ["7-Zip", "7z\xbc\xaf\x27\x1c\0\x04", "unsupported", /7-Zip.*Unpack/],
  ["gzip", "\x1f\x8b\x08\0", "unsupported", /gzip.*Unpack/],
  ["TAR", tar, "unsupported", /TAR.*Unpack/],
  ["empty ZIP", "PK\x05\x06\0\0", "unsupported", /empty ZIP/],
  ["PDF", "%PDF-1.7", "unsupported", /PDF.*JPEG or PNG/],
  ["AppleDouble", "\0\x05\x16\x07\0\x02\0\0", "unsupported", /macOS.*Leave it out/],
  [".DS_Store", "\0\0\0\x01Bud1\0\0", "unsupported", /DS_Store.*Leave it out/],
  ["Thumbs.db", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "unsupported", /Thumbs\.db/],
  ["desktop.ini", "\xef\xbb\xbf[.ShellClassInfo]\r\n", "unsupported", /desktop\.ini/],
  ["XMP", '<x:xmpmeta xmlns:x="adobe:ns:meta/">', "unsupported", /XMP/],
  ["JSON", '{"a": 1}', "unsupported", /JSON/],
  ["UTF-16 text", "\xff\xfea\0b\0c\0d\0e\0f\0g\0", "unsupported", /text file/],
  ["a web page", "<!doctype html><p>", "unsupported", /web page/],
  ["only the first two bytes of a JPEG", "\xff\xd8", "damaged", /cut off/],
  ["one byte of a JPEG", "\xff", "damaged", /cut off/],
  ["start and end alone", "\xff\xd8\xff\xd9", "damaged", /cut off/],
  ["half a PNG signature", "\x89PNG", "damaged", /cut off/],
  ["zeros", "\0".repeat(1000), "damaged", /all its bytes are the same/],
  ["a picture behind other bytes", "\r\n\r\n\xff\xd8\xff\xe0\0\x10JFIF", "damaged", /other bytes before/],
];

test.each(families)("%s is named truly, with a way out", (_what, bytes, code, says) => {
  const head = Buffer.from(bytes, "latin1");
  expect(pictureKind(head, head.length)).toEqual({ kind: "other", code: code as "damaged", reason: expect.stringMatching(says) });
});

test("which side is up is read by the type of its value, in both byte orders", () => {
  const tiff = (little: boolean, type: number, value: number, count = 1) => {
    const bytes = orientationTiff(1);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, little ? 0x4949 : 0x4d4d);
    view.setUint16(2, 42, little);
    view.setUint32(4, 8, little);
    view.setUint16(8, 1, little);
    view.setUint16(10, 0x0112, little);
    view.setUint16(12, type, little);
    view.setUint32(14, count, little);
    view.setUint32(18, 0, little);
    if (type === 3) view.setUint16(18, value, little);
    else if (type === 1) view.setUint8(18, value);
    else view.setUint32(18, value, little);
    return readOrientation(bytes);
  };
  for (const little of [true, false]) {
    for (const type of [1, 3, 4]) for (const value of [1, 2, 3, 4, 5, 6, 7, 8] as const) expect(tiff(little, type, value)).toBe(value);
    for (const value of [0, 9, 65_535]) expect(tiff(little, 3, value)).toBe(1);
    expect(tiff(little, 5, 6)).toBe(1);
    expect(tiff(little, 3, 6, 4)).toBe(1);
  }
});
