import type { Colour } from "./canvas.ts";
import { type Grid, gridOf } from "./pixels.ts";

/** What a drawn person takes over from photos. */
export interface Looks {
  readonly skin: Colour;
  readonly hair: Colour;
  readonly clothes: Colour;
}

/** Photos are looked at in this size; finer detail says nothing about these colours. */
const columns = 36;
const rows = 48;
/** More photos change nothing any more. */
const photosRead = 12;
/** Colours nearer than this (in 0…255 per channel, straight through the cube) are taken for the same thing. */
const alike = 48;

type Place = readonly [x: number, y: number];

/** The middle of what single photos show, so that one strange photo changes little. null: no photo could be read. */
export async function looksOfPhotos(photos: ReadonlyArray<Uint8Array | Blob>): Promise<Looks | null> {
  const found: Looks[] = [];
  for (const photo of photos.slice(0, photosRead)) {
    const grid = await gridOf(photo, columns, rows).catch(() => null); // a broken photo is told elsewhere
    if (grid !== null) found.push(looksIn(grid));
  }
  if (found.length === 0) return null;
  return { skin: middle(found.map(({ skin }) => skin)), hair: middle(found.map(({ hair }) => hair)), clothes: middle(found.map(({ clothes }) => clothes)) };
}

/** Of a portrait: skin around the middle of the face, hair around the skin, clothes below it. */
function looksIn(grid: Grid): Looks {
  // Walls are lighter above than below, so each row has its own.
  const walls = [0, columns - 1].flatMap((x) => [x, Math.abs(x - 1)]);
  const stands = ([x, y]: Place) => walls.every((wall) => distance(grid.at(x, y), grid.at(wall, y)) > alike / 2);
  const face = faceOf(grid, stands);
  const skin = dominant(colours(grid, around(face, 0.13)));
  const isSkin = (place: Place) => distance(grid.at(...place), skin) < alike;
  const body = box(inBox(0.1, 0.9, 0.05, 0.85).filter(isSkin).filter(([x, y]) => near([x, y], face, 0.3)), face);
  const hairPlaces = inBox(body.left - 0.1, body.right + 0.1, body.top - 0.22, body.top + 0.08).filter((place) => stands(place) && !isSkin(place));
  const clothPlaces = inBox(0.25, 0.75, Math.max(0.82, body.bottom + 0.06), 1).filter((place) => !isSkin(place));
  const orBelow = clothPlaces.length > 0 ? clothPlaces : inBox(0.3, 0.7, 0.9, 1);
  return { skin, hair: hairPlaces.length === 0 ? skin : dominant(colours(grid, hairPlaces)), clothes: dominant(colours(grid, orBelow)) };
}

/** Where the skin-coloured places of the middle gather; else where portraits have their face. */
function faceOf(grid: Grid, stands: (place: Place) => boolean): Place {
  const likely = inBox(0.2, 0.8, 0.12, 0.68).filter((place) => stands(place) && isSkinColour(grid.at(...place)));
  if (likely.length < (columns * rows) / 60) return [Math.round(columns * 0.5), Math.round(rows * 0.42)];
  const half = Math.floor(likely.length / 2);
  return [likely.map(([x]) => x).sort((a, b) => a - b)[half]!, likely.map(([, y]) => y).sort((a, b) => a - b)[half]!];
}

/** The usual box in YCbCr, which holds for light and dark skin alike. */
function isSkinColour([red, green, blue]: Colour): boolean {
  const cb = 128 - 0.169 * red - 0.331 * green + 0.5 * blue;
  const cr = 128 + 0.5 * red - 0.419 * green - 0.081 * blue;
  return cb >= 77 && cb <= 127 && cr >= 133 && cr <= 175;
}

/** Places of the grid between these shares of width and height. */
function inBox(left: number, right: number, top: number, bottom: number): Place[] {
  const places: Place[] = [];
  for (let y = Math.max(0, Math.floor(top * rows)); y < Math.min(rows, Math.ceil(bottom * rows)); y++) {
    for (let x = Math.max(0, Math.floor(left * columns)); x < Math.min(columns, Math.ceil(right * columns)); x++) places.push([x, y]);
  }
  return places;
}

function around([x, y]: Place, reach: number): Place[] {
  return inBox(x / columns - reach, x / columns + reach, y / rows - reach, y / rows + reach);
}

function near([x, y]: Place, [faceX, faceY]: Place, reach: number): boolean {
  return Math.abs(x - faceX) <= reach * columns && Math.abs(y - faceY) <= reach * rows;
}

/** As shares of the picture. */
function box(places: readonly Place[], face: Place) {
  const all = [...places, face];
  const xs = all.map(([x]) => x), ys = all.map(([, y]) => y);
  return { left: Math.min(...xs) / columns, right: (Math.max(...xs) + 1) / columns, top: Math.min(...ys) / rows, bottom: (Math.max(...ys) + 1) / rows };
}

function colours(grid: Grid, places: readonly Place[]): Colour[] {
  return places.map((place) => grid.at(...place));
}

/** The middle of each channel; of nothing a grey. */
function middle(list: readonly Colour[]): Colour {
  const channel = (index: 0 | 1 | 2) => list.map((colour) => colour[index]).sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 128;
  return [channel(0), channel(1), channel(2)];
}

/** The colour that most of them are near to. */
function dominant(list: readonly Colour[]): Colour {
  let most: readonly Colour[] = [];
  for (const colour of list) {
    const company = list.filter((other) => distance(colour, other) < alike / 2);
    if (company.length > most.length) most = company;
  }
  return middle(most);
}

function distance(a: Colour, b: Colour): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

const names = ["skin", "hair", "clothes"] as const;

/** For the metadata of a LoRA: "skin=#e0b08c hair=…". */
export function writeLooks(looks: Looks): string {
  const hex = (colour: Colour) => colour.map((value) => Math.round(value).toString(16).padStart(2, "0")).join("");
  return names.map((name) => `${name}=#${hex(looks[name])}`).join(" ");
}

/** null: nothing was written, or something else. */
export function readLooks(text: string | undefined): Looks | null {
  const found = names.map((name) => new RegExp(`\\b${name}=#([0-9a-f]{6})\\b`).exec(text ?? "")?.[1]);
  const [skin, hair, clothes] = found.map((hex) => (hex === undefined ? null : ([0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as unknown as Colour)));
  return skin && hair && clothes ? { skin, hair, clothes } : null;
}
