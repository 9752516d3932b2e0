import type { Canvas, Colour } from "./canvas.ts";
import { blend, pick, sequence } from "./face.ts";

export interface Scene {
  readonly top: Colour;
  readonly bottom: Colour;
  readonly spots: Colour;
  readonly clothes: Colour;
  /** The words name them. */
  readonly areClothesAsked: boolean;
}

/** Places and lights that people ask for; anything else gets colours of its own from the words. */
const places: ReadonlyArray<{ words: RegExp; top: Colour; bottom: Colour; spots: Colour }> = [
  { words: /beach|sea|ocean|coast/, top: [132, 196, 232], bottom: [236, 214, 168], spots: [255, 250, 230] },
  { words: /forest|park|garden|tree|meadow/, top: [150, 190, 140], bottom: [58, 96, 62], spots: [214, 232, 150] },
  { words: /night|dark|neon|city|street/, top: [34, 36, 66], bottom: [76, 52, 92], spots: [250, 190, 110] },
  { words: /sunset|golden|evening|candle/, top: [246, 170, 110], bottom: [150, 82, 96], spots: [255, 226, 160] },
  { words: /snow|winter|mountain/, top: [190, 212, 234], bottom: [240, 244, 250], spots: [255, 255, 255] },
  { words: /kitchen|home|room|cafe|café|office|library/, top: [206, 184, 158], bottom: [140, 108, 84], spots: [255, 236, 200] },
  { words: /studio|plain|grey|gray|portrait/, top: [176, 182, 190], bottom: [112, 118, 128], spots: [206, 212, 220] },
];

const cloths: ReadonlyArray<readonly [RegExp, Colour]> = [
  [/\bred\b/, [186, 52, 56]], [/\bblue\b/, [58, 92, 160]], [/\bgreen\b/, [66, 120, 84]], [/\byellow\b/, [222, 184, 70]],
  [/\bblack\b/, [42, 42, 48]], [/\bwhite\b/, [236, 236, 232]], [/\bsuit\b/, [52, 58, 74]], [/\bdenim|jeans\b/, [72, 98, 138]],
];

const clothColours: readonly Colour[] = [[70, 96, 136], [150, 74, 70], [88, 116, 92], [178, 142, 96], [94, 82, 120], [60, 64, 74], [206, 200, 190]];

const spotCount = 12;

export function sceneOf(prompt: string, seed: number): Scene {
  const words = prompt.toLowerCase();
  const next = sequence(`scene ${words}`);
  const place = places.find((entry) => entry.words.test(words));
  const free = (): Colour => [90 + next() * 140, 90 + next() * 140, 100 + next() * 140];
  const top = place?.top ?? free();
  const bottom = place?.bottom ?? blend(top, [40, 44, 60], 0.5);
  const tint: Colour = [next() * 255, next() * 255, next() * 255];
  const asked = cloths.find(([word]) => word.test(words))?.[1];
  const drift = sequence(`light ${seed}`)() * 0.12;
  return {
    top: blend(blend(top, tint, 0.12), [255, 255, 255], drift),
    bottom: blend(bottom, tint, 0.12),
    spots: place?.spots ?? blend(top, [255, 255, 255], 0.5),
    clothes: asked ?? pick(clothColours, next()),
    areClothesAsked: asked !== undefined,
  };
}

export function paintScene(canvas: Canvas, scene: Scene, seed: number): void {
  canvas.gradient(scene.top, scene.bottom);
  const next = sequence(`spots ${seed}`);
  const bottom = canvas.height / canvas.width;
  for (let spot = 0; spot < spotCount; spot++) {
    const radius = 0.02 + next() * 0.08;
    canvas.ellipse({
      x: next(), y: next() * bottom, rx: radius, ry: radius, colour: scene.spots, alpha: 0.08 + next() * 0.2, soft: 0.02,
    });
  }
}
