import { describe, expect, test } from "bun:test";
import { bytesSource } from "../files/byte-source.ts";
import { buildExif, drawPicture, secretMarks } from "../testing/pictures.ts";
import { seededRandom } from "../testing/random.ts";
import { exifPrefix, hasExifPrefix, orientationTiff, readOrientation } from "./exif.ts";
import type { PictureFormat } from "./kind.ts";
import { planStripping, strippedBytes } from "./strip-metadata.ts";
import { pngChunk } from "./strip-png.ts";

const formats = ["jpeg", "png", "webp"] as const;

async function strip(format: PictureFormat, bytes: Uint8Array): Promise<Buffer> {
  const source = bytesSource(bytes);
  const stripping = await planStripping(format, source);
  if (stripping.kind === "fault") throw new Error(stripping.reason);
  return Buffer.concat(await Array.fromAsync(strippedBytes(source, stripping.plan)));
}

/** The decoded pixels, as a PNG without loss. */
async function pixels(bytes: Uint8Array): Promise<string> {
  return Bun.hash(await new Bun.Image(bytes, { autoOrient: false }).png().bytes()).toString(36);
}

const jpegSegment = (code: number, body: Uint8Array | string) => {
  const bytes = Buffer.from(body);
  return Buffer.concat([new Uint8Array([0xff, code, (bytes.length + 2) >> 8, (bytes.length + 2) & 255]), bytes]);
};

describe.each(formats)("stripping a %s", (format) => {
  test("removes place, camera and name, and keeps every pixel and the orientation", async () => {
    const bytes = await drawPicture({ width: 120, height: 90, seed: 3, format, orientation: 6, gps: true });
    expect(Buffer.from(bytes).includes(secretMarks[0])).toBe(true);
    const stripped = await strip(format, bytes);
    for (const mark of [...secretMarks, "\x10\x01"]) expect(stripped.includes(mark)).toBe(false);
    expect(stripped.length).toBeLessThan(bytes.length);
    expect(await pixels(stripped)).toBe(await pixels(bytes));
    const plan = await planStripping(format, bytesSource(stripped));
    expect(plan).toMatchObject({ kind: "plan", plan: { orientation: 6 } });
  });

  test("twice gives the same bytes as once, so equal pictures are found by their hash", async () => {
    for (const orientation of [1, 3, 8]) {
      const once = await strip(format, await drawPicture({ width: 70, height: 99, seed: 4, format, orientation, gps: true }));
      expect((await strip(format, once)).equals(once)).toBe(true);
    }
  });

  test("leaves nothing that was hidden behind the picture's end", async () => {
    const bytes = Buffer.concat([await drawPicture({ width: 80, height: 80, seed: 1, format }), Buffer.from("<script>hidden</script>")]);
    expect((await strip(format, bytes)).includes("hidden")).toBe(false);
  });

  test("says that a picture is cut off, wherever it is cut", async () => {
    const bytes = await drawPicture({ width: 80, height: 80, seed: 9, format, gps: true });
    for (let part = 1; part < 40; part++) {
      const cut = bytes.subarray(0, Math.floor((bytes.length * part) / 40));
      const found = await planStripping(format, bytesSource(cut));
      // Of a JPEG that ends within its picture only its data can tell whether anything is missing (see pictures/wholeness.ts).
      expect(found.kind === "fault" || (format === "jpeg" && !found.plan.hasEnd)).toBe(true);
    }
  });

  test("never throws and never reads for ever on damaged files", async () => {
    const bytes = await drawPicture({ width: 64, height: 64, seed: 2, format, orientation: 5, gps: true });
    const random = seededRandom(12345);
    for (let round = 0; round < 400; round++) {
      const broken = bytes.slice(0, 1 + random(bytes.length));
      for (let hit = 0; hit < 1 + random(12); hit++) broken[random(broken.length)] = random(256);
      const source = bytesSource(broken);
      const stripping = await planStripping(format, source);
      if (stripping.kind === "plan") {
        const length = (await Array.fromAsync(strippedBytes(source, stripping.plan))).reduce((sum, chunk) => sum + chunk.length, 0);
        expect(length).toBeLessThan(broken.length + 256);
      }
    }
  });
});

test("a JPEG loses comments, XMP, IPTC, maker notes and its embedded thumbnail, and keeps its colour profile", async () => {
  const plain = await drawPicture({ width: 80, height: 60, seed: 5, format: "jpeg" });
  const bytes = Buffer.concat([
    plain.subarray(0, 2),
    jpegSegment(0xe1, "http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>hidden1</x:xmpmeta>"),
    jpegSegment(0xe2, "ICC_PROFILE\0\x01\x01profile-stays"),
    jpegSegment(0xe2, "MPF\0hidden2"),
    jpegSegment(0xed, "Photoshop 3.0\0hidden3"),
    jpegSegment(0xe0, "JFXX\0hidden4"),
    jpegSegment(0xfe, "hidden5"),
    jpegSegment(0xef, "hidden6"),
    plain.subarray(2),
  ]);
  const stripped = await strip("jpeg", bytes);
  expect(stripped.toString("latin1")).not.toContain("hidden");
  expect(stripped.includes("profile-stays")).toBe(true);
  expect(await new Bun.Image(stripped).metadata()).toMatchObject({ width: 80, height: 60 });
});

test("a progressive JPEG with several scans stays whole", async () => {
  const plain = await new Bun.Image(await drawPicture({ width: 300, height: 200, seed: 8, format: "png" })).jpeg({ progressive: true }).bytes();
  expect(Buffer.from(plain).toString("latin1").split("\xff\xda").length).toBeGreaterThan(3);
  expect((await strip("jpeg", plain)).equals(Buffer.from(plain))).toBe(true);
});

test("a PNG loses its text chunks and is refused when one of its bits has changed", async () => {
  const plain = await drawPicture({ width: 100, height: 100, seed: 6, format: "png" });
  const texts = ["tEXt", "iTXt", "zTXt", "tIME", "prVt"].map((type) => pngChunk(type, Buffer.from("Comment\0hidden")));
  const stripped = await strip("png", Buffer.concat([plain.subarray(0, 33), ...texts, plain.subarray(33)]));
  expect(stripped.equals(Buffer.from(plain))).toBe(true);
  const flipped = plain.slice();
  flipped[plain.length >> 1]! ^= 0x10;
  expect((await planStripping("png", bytesSource(flipped))).kind).toBe("fault");
});

test("an animated WebP is refused in words", async () => {
  const plain = await drawPicture({ width: 64, height: 64, seed: 6, format: "webp" });
  const bytes = Buffer.concat([plain.subarray(0, 12), Buffer.from("ANIM\x06\0\0\0\0\0\0\0\0\0"), plain.subarray(12)]);
  bytes.writeUInt32LE(bytes.length - 8, 4);
  const stripping = await planStripping("webp", bytesSource(bytes));
  expect(stripping).toMatchObject({ kind: "fault", reason: expect.stringContaining("animation") });
});

test("the orientation is read in both byte orders and anything odd counts as upright", () => {
  for (let orientation = 1; orientation <= 8; orientation++) {
    expect(readOrientation(buildExif(orientation, true))).toBe(orientation as 1);
    expect(readOrientation(orientationTiff(orientation as 1))).toBe(orientation as 1);
  }
  expect(readOrientation(buildExif(9, false))).toBe(1);
  expect(readOrientation(new Uint8Array(4))).toBe(1);
  expect(readOrientation(new Uint8Array(64).fill(0xff))).toBe(1);
  expect(hasExifPrefix(exifPrefix)).toBe(true);
});
