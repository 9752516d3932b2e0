import { deflateSync } from "node:zlib";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join, normalize, resolve, sep } from "node:path";
import type { Looks } from "../../simulation/looks.ts";
import { drawPortrait } from "../../simulation/portrait.ts";
import { asciiJson, withPngText, writePng } from "../protocol/png.ts";

/** A picture that is drawn when it is saved. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly png: () => Promise<Uint8Array>;
}

export interface PortraitRecipe {
  readonly width: number;
  readonly height: number;
  readonly seed: number;
  readonly prompt: string;
  readonly identity: string | null;
  readonly looks: Looks | null;
  readonly strength: number;
}

export function portrait(recipe: PortraitRecipe): Picture {
  return { width: recipe.width, height: recipe.height, png: () => drawPortrait({ ...recipe, clarity: 1, format: "png", watermark: true }) };
}

const previewSide = 256;

/** What the sampler shows after a step; smaller than the picture, as latent previews are. */
export function portraitPreview(recipe: PortraitRecipe, clarity: number): Promise<Uint8Array> {
  const scale = previewSide / Math.max(recipe.width, recipe.height);
  const [width, height] = [recipe.width, recipe.height].map((side) => Math.max(8, Math.round(side * scale)));
  return drawPortrait({ ...recipe, width: width ?? previewSide, height: height ?? previewSide, clarity, format: "jpeg", watermark: true });
}

export function solid(width: number, height: number, colour: number): Picture {
  return { width, height, png: async () => solidPng(width, height, colour) };
}

function solidPng(width: number, height: number, colour: number): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.alloc(1 + width * 3);
  for (let x = 0; x < width; x++) row.writeUIntBE(colour & 0xffffff, 1 + x * 3, 3);
  const data = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)));
  return writePng([{ type: "IHDR", data: header }, { type: "IDAT", data }, { type: "IEND", data: Buffer.alloc(0) }]);
}

class OutsideOutputFolder extends Error {
  override readonly name = "OutsideOutputFolder";
}

export interface SavedFile {
  readonly filename: string;
  readonly subfolder: string;
  readonly type: "output" | "temp";
}

/** Saves as `{prefix}_{counter}_.png`; the counter comes from looking at the folder each time, as in the real one. */
export async function savePicture(
  picture: Picture, place: { dir: string; type: "output" | "temp"; prefix: string }, texts: Readonly<Record<string, unknown>> | null,
): Promise<SavedFile> {
  const root = resolve(place.dir);
  const path = normalize(join(root, place.prefix));
  if (!path.startsWith(root + sep)) {
    throw new OutsideOutputFolder(
      "**** ERROR: Saving image outside the output folder is not allowed.\n" +
      ` full_output_folder: ${join(path, "..")}\n         output_dir: ${root}`,
    );
  }
  const folder = join(path, "..");
  const name = path.slice(folder.length + 1);
  mkdirSync(folder, { recursive: true });
  const filename = `${name}_${String(nextCounter(folder, name)).padStart(5, "0")}_.png`;
  const bytes = await picture.png();
  const described = texts === null ? bytes : withPngText(bytes, new Map(Object.entries(texts).map(([key, value]) => [key, asciiJson(value)])));
  await Bun.write(join(folder, filename), described);
  return { filename, subfolder: folder.slice(root.length + 1), type: place.type };
}

function nextCounter(folder: string, name: string): number {
  if (!existsSync(folder)) return 1;
  const counters = readdirSync(folder).filter((file) => file.startsWith(`${name}_`))
    .map((file) => Number.parseInt(file.slice(name.length + 1), 10));
  return Math.max(0, ...counters.filter((counter) => Number.isFinite(counter))) + 1;
}
