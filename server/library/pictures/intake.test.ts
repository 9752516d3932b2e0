import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { temporaryFolder } from "../../testing/folder.ts";
import { drawPicture } from "../../testing/pictures.ts";
import { readOrientation } from "../exif.ts";
import { cleanPhoto, provePhoto } from "../photo-intake.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());
let count = 0;

async function takeIn(bytes: Uint8Array) {
  const name = join(folder.path, String(count++));
  writeFileSync(name, bytes);
  const target = (extension: string) => `${name}.${extension}`;
  const cleaned = await cleanPhoto(name, target);
  return cleaned.kind === "rejected" ? cleaned : provePhoto(cleaned, `${name}.thumbnail`);
}

const jpeg = () => drawPicture({ width: 320, height: 240, seed: 5, format: "jpeg", gps: false });

test("a JPEG is judged by the picture that is in it, not by the mark of its end", async () => {
  const whole = await jpeg();
  const body = whole.subarray(0, whole.length - 2);
  const end = Uint8Array.from([0xff, 0xd9]);
  expect(await takeIn(body)).toMatchObject({ width: 320, height: 240 });
  for (const share of [0.5, 0.8, 0.93]) {
    const cut = body.subarray(0, Math.floor(body.length * share));
    for (const bytes of [cut, Buffer.concat([cut, end]), Buffer.concat([cut, new Uint8Array(600), end])]) {
      expect([share, await takeIn(bytes)]).toEqual([share, expect.objectContaining({ kind: "rejected", code: "damaged", reason: expect.stringContaining("cut off") })]);
    }
  }
});

test("a JPEG of more layers than a picture has is refused before a pixel is decoded", async () => {
  const whole = Buffer.from(await new Bun.Image(await jpeg()).jpeg({ progressive: true }).bytes());
  const scan = whole.lastIndexOf(Buffer.from([0xff, 0xda]));
  const last = whole.subarray(scan, whole.length - 2);
  const bomb = Buffer.concat([whole.subarray(0, whole.length - 2), ...Array.from({ length: 300 }, () => last), Buffer.from([0xff, 0xd9])]);
  expect(await takeIn(bomb)).toMatchObject({ kind: "rejected", reason: expect.stringContaining("more layers") });
});

test.each([
  [[3, 6], 6], [[4, 6], 6], [[1, 6], 6], [[4, 0x60000], 1], [[3, 0], 1], [[3, 9], 1], [[2, 6], 1], [[5, 6], 1],
])("an orientation of the type and value %p is read as %p, in both byte orders", ([type, value], orientation) => {
  for (const little of [true, false]) {
    const bytes = new Uint8Array(26);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, little ? 0x4949 : 0x4d4d);
    view.setUint16(2, 42, little);
    view.setUint32(4, 8, little);
    view.setUint16(8, 1, little);
    view.setUint16(10, 0x112, little);
    view.setUint16(12, type!, little);
    view.setUint32(14, 1, little);
    if (type === 1) view.setUint8(18, value!);
    else if (type === 4) view.setUint32(18, value!, little);
    else view.setUint16(18, value!, little);
    expect(readOrientation(bytes)).toBe(orientation as never);
  }
});

const text = (latin1: string) => Buffer.from(latin1.padEnd(300, "\0"), "latin1");
test.each<[bytes: Uint8Array, code: string, words: string]>([
  [Uint8Array.from([0xff]), "damaged", "cut off"], [Uint8Array.from([0xff, 0xd8]), "damaged", "cut off"], [new Uint8Array(1000), "damaged", "no picture"],
  [text("\0\0\0\x18ftypcrx \0\0\0\x01crx isom"), "unsupported", "camera raw"], [text("\0\0\0\x18ftypqt  "), "unsupported", "video"],
  [text("\0\0\0\x0cjP  \r\n\x87\n"), "unsupported", "JPEG 2000"], [text("\0\0\x01\0\x01\0"), "unsupported", "icon"], [text("Rar!\x1a\x07\0"), "unsupported", "RAR"],
  [text("7z\xbc\xaf\x27\x1c"), "unsupported", "7-Zip"], [text("\x1f\x8b\x08"), "unsupported", "gzip"], [text("PK\x05\x06"), "unsupported", "empty ZIP"],
  [text("IIU\0"), "unsupported", "camera raw"], [text("IIRO"), "unsupported", "camera raw"], [text("FUJIFILMCCD-RAW"), "unsupported", "camera raw"], [text("FOVb"), "unsupported", "camera raw"],
  [text("\x1aE\xdf\xa3"), "unsupported", "video"], [text("RIFF\0\0\0\0AVI "), "unsupported", "video"], [text("\0\x05\x16\x07"), "unsupported", "._"],
  [Buffer.from("[.ShellClassInfo]\nIconIndex=1"), "unsupported", "desktop.ini"],
  [Buffer.from('{"a":1}'), "unsupported", "JSON"], [Buffer.from("<x:xmpmeta xmlns:x='a'/>"), "unsupported", "XMP"], [Buffer.from("\ufeffä photo", "utf16le"), "unsupported", "text file"],
  [Buffer.from("\xef\xbb\xbf\xff\xd8\xff\xe0\0\x10", "latin1"), "damaged", "before its picture"], [text("q\x01\x02"), "unsupported", "Save it as JPEG or PNG"],
])("what is no photo is named with its family and a way out (%#)", async (bytes, code, words) => {
  expect(await takeIn(bytes)).toMatchObject({ kind: "rejected", code, reason: expect.stringContaining(words) });
});
