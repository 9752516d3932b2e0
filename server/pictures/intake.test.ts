import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { temporaryFolder } from "../testing/folder.ts";
import { drawPicture } from "../testing/pictures.ts";
import { cleanPhoto, provePhoto } from "../library/photos/photo-intake.ts";

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
