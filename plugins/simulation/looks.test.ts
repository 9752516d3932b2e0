import { describe, expect, test } from "bun:test";
import { Canvas, type Colour } from "./canvas.ts";
import { type Looks, looksOfPhotos, readLooks, writeLooks } from "./looks.ts";
import { gridOf } from "./pixels.ts";
import { drawPortrait } from "./portrait.ts";

/** A portrait of plain shapes, in another style than the simulators draw. */
async function photo({ skin, hair, clothes }: Looks, background: Colour, shift: number, format: "jpeg" | "png" = "jpeg"): Promise<Uint8Array> {
  const [width, height] = [480, 640];
  const canvas = new Canvas(width, height, 0.004);
  canvas.gradient(background, [background[0] * 0.8, background[1] * 0.8, background[2] * 0.8]);
  const x = 0.5 + shift, y = 0.52 + shift / 2;
  canvas.ellipse({ x, y: y - 0.06, rx: 0.24, ry: 0.3, colour: hair });
  canvas.ellipse({ x, y: y + 0.75, rx: 0.42, ry: 0.42, colour: clothes });
  canvas.ellipse({ x, y: y + 0.27, rx: 0.08, ry: 0.12, colour: skin });
  canvas.ellipse({ x, y, rx: 0.17, ry: 0.23, colour: skin });
  for (const side of [-1, 1]) canvas.ellipse({ x: x + side * 0.065, y: y - 0.03, rx: 0.025, ry: 0.014, colour: [40, 40, 60] });
  canvas.ellipse({ x, y: y + 0.11, rx: 0.05, ry: 0.016, colour: [170, 60, 70] });
  canvas.noise(0.02, Math.round(shift * 1000) + 5);
  return canvas.encode(format, { width, height });
}

const far = (a: Colour, b: Colour) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
const people: Array<[string, Looks, Colour]> = [
  ["fair skin, black hair, red clothes, before a blue wall", { skin: [244, 212, 188], hair: [34, 28, 28], clothes: [186, 40, 44] }, [110, 140, 190]],
  ["dark skin, black hair, white clothes, before a green wall", { skin: [104, 68, 48], hair: [30, 24, 22], clothes: [232, 232, 228] }, [120, 160, 110]],
  ["tanned skin, blond hair, blue clothes, before a grey wall", { skin: [212, 164, 128], hair: [222, 190, 120], clothes: [44, 80, 160] }, [150, 152, 158]],
  ["fair skin, brown hair, green clothes, before a white wall", { skin: [238, 200, 172], hair: [112, 70, 42], clothes: [50, 120, 70] }, [236, 236, 238]],
  ["fair skin, grey hair, black clothes, before a warm wall", { skin: [232, 190, 164], hair: [158, 158, 162], clothes: [36, 36, 42] }, [196, 178, 150]],
];

describe("the colours of a person are found in photos", () => {
  test.each(people)("%s", async (_, looks, background) => {
    const photos = await Promise.all([-0.05, 0, 0.04, 0.08].map((shift, at) => photo(looks, background, shift, at === 1 ? "png" : "jpeg")));
    const found = (await looksOfPhotos(photos))!;
    for (const part of ["skin", "hair", "clothes"] as const) expect([part, found[part], far(found[part], looks[part]) < 40]).toEqual([part, found[part], true]);
    expect(readLooks(writeLooks(found))).toEqual(found);
    expect(await looksOfPhotos(photos)).toEqual(found);
  });

  test("whatever the photos are, there is an answer or none, and no failure", async () => {
    const flat = new Canvas(90, 40, 0);
    flat.gradient([1, 2, 3], [200, 100, 50]);
    expect(await looksOfPhotos([await flat.encode("png", { width: 90, height: 40 })])).not.toBeNull();
    expect(await looksOfPhotos([new Uint8Array([1, 2, 3])])).toBeNull();
    expect(await looksOfPhotos([])).toBeNull();
    expect([readLooks(undefined), readLooks("skin=#123"), readLooks("skin=#111111 hair=#22222g clothes=#333333")]).toEqual([null, null, null]);
  });
});

test("a drawn person has the colours of the photos, as far as the strength goes, and wears what the prompt asks for", async () => {
  const looks: Looks = { skin: [104, 68, 48], hair: [222, 190, 120], clothes: [40, 150, 60] };
  const draw = (prompt: string, strength: number) =>
    drawPortrait({ width: 480, height: 640, seed: 11, prompt, clarity: 1, identity: "ada", looks, strength, format: "png", watermark: true });
  const drawn = (await looksOfPhotos([await draw("a portrait", 1)]))!;
  for (const part of ["skin", "hair", "clothes"] as const) expect([part, drawn[part], far(drawn[part], looks[part]) < 45]).toEqual([part, drawn[part], true]);
  const inRed = (await looksOfPhotos([await draw("in a red coat", 1)]))!;
  expect(far(inRed.clothes, [186, 52, 56])).toBeLessThan(45);
  expect(await draw("a portrait", 0)).not.toEqual(await draw("a portrait", 1));
});

test("every simulated picture says so in its corner, at every size", async () => {
  for (const [width, height] of [[1344, 768], [768, 1344], [256, 256], [96, 128]] as const) {
    const picture = (watermark: boolean) => drawPortrait({ width, height, seed: 3, prompt: "a beach", clarity: 0.4, identity: null, format: "png", watermark });
    const [plain, marked] = await Promise.all([gridOf(await picture(false), width, height), gridOf(await picture(true), width, height)]);
    let [changed, light] = [0, 0];
    for (let y = Math.floor(height * 0.8); y < height; y++) {
      for (let x = 0; x < width / 2; x++) {
        if (far(plain.at(x, y), marked.at(x, y)) > 12) changed++;
        if (Math.min(...marked.at(x, y)) > 225) light++;
      }
    }
    expect([width, changed > width, light > width / 8]).toEqual([width, true, true]);
  }
});
