import { type Colour, mix } from "./canvas.ts";
import type { Looks } from "./looks.ts";

/** What makes one drawn person look different from the next. Lengths are fractions of the head's width. */
export interface Face {
  readonly skin: Colour;
  readonly hair: Colour;
  readonly iris: Colour;
  readonly lips: Colour;
  readonly headHeight: number;
  readonly jaw: number;
  readonly hairVolume: number;
  readonly hairLength: number;
  readonly fringe: number;
  readonly eyeDistance: number;
  readonly eyeSize: number;
  readonly brow: number;
  readonly nose: number;
  readonly mouth: number;
  readonly smile: number;
  readonly beard: number;
  readonly glasses: number;
}

const skins: readonly Colour[] = [[250, 222, 200], [240, 200, 170], [224, 176, 140], [196, 140, 100], [150, 98, 66], [104, 66, 46]];
const hairs: readonly Colour[] = [[36, 28, 26], [74, 48, 32], [120, 76, 44], [196, 150, 84], [166, 70, 36], [150, 150, 156], [222, 196, 140]];
const lipsShare = 0.5;
const irises: readonly Colour[] = [[72, 110, 160], [86, 130, 80], [96, 64, 40], [120, 92, 50], [90, 120, 130]];

/** Numbers 0…1 that depend only on the text; equal texts give equal sequences on every machine. */
export function sequence(text: string): () => number {
  let state = Number(Bun.hash.xxHash64(text) & 0xffffffffn) || 1;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  };
}

export function faceOf(text: string): Face {
  const next = sequence(`face ${text}`);
  const between = (low: number, high: number) => mix(low, high, next());
  const skin = blend(pick(skins, next()), pick(skins, next()), 0.3);
  return {
    skin,
    hair: pick(hairs, next()),
    iris: pick(irises, next()),
    lips: blend(skin, [176, 58, 70], between(0.35, 0.7)),
    headHeight: between(1.2, 1.42),
    jaw: between(0.66, 0.88),
    hairVolume: between(1.08, 1.32),
    hairLength: next(),
    fringe: between(0.3, 0.62),
    eyeDistance: between(0.4, 0.5),
    eyeSize: between(0.12, 0.165),
    brow: between(0.02, 0.045),
    nose: between(0.07, 0.12),
    mouth: between(0.3, 0.44),
    smile: next(),
    beard: next() > 0.72 ? between(0.4, 0.9) : 0,
    glasses: next() > 0.75 ? 1 : 0,
  };
}

/** The same face in the colours that photos have told, without a beard or glasses, which they did not tell. */
export function withLooks(face: Face, { skin, hair }: Looks): Face {
  return { ...face, skin, hair, lips: blend(skin, [176, 58, 70], lipsShare), beard: 0, glasses: 0 };
}

/** A face between two: 0 is the first, 1 the second; as a LoRA's strength does. */
export function blendFaces(from: Face, to: Face, share: number): Face {
  const number = (key: NumberKey) => mix(from[key], to[key], share);
  return {
    skin: blend(from.skin, to.skin, share),
    hair: blend(from.hair, to.hair, share),
    iris: blend(from.iris, to.iris, share),
    lips: blend(from.lips, to.lips, share),
    headHeight: number("headHeight"), jaw: number("jaw"), hairVolume: number("hairVolume"), hairLength: number("hairLength"),
    fringe: number("fringe"), eyeDistance: number("eyeDistance"), eyeSize: number("eyeSize"), brow: number("brow"),
    nose: number("nose"), mouth: number("mouth"), smile: number("smile"), beard: number("beard"), glasses: number("glasses"),
  };
}

export function blend(from: Colour, to: Colour, share: number): Colour {
  return [mix(from[0], to[0], share), mix(from[1], to[1], share), mix(from[2], to[2], share)];
}

export function pick<T>(list: readonly T[], share: number): T {
  return list[Math.min(list.length - 1, Math.floor(share * list.length))]!;
}

type NumberKey = { [K in keyof Face]: Face[K] extends number ? K : never }[keyof Face];
