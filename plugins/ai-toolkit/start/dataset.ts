import { constants } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fillTrigger, holdsWord, spellWord } from "../../../server/shared/trigger-place.ts";
import type { TrainingPhoto } from "../../interfaces/training.ts";

/** What AI-Toolkit's dataset scan takes; other files are passed over there without a word. */
const extensions: Readonly<Record<string, string>> = { "image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp" };

/** Digits of the photo's SHA-256 in its file name. */
const nameDigits = 32;

export interface WrittenDataset { readonly photoCount: number; readonly warnings: string[] }

/**
 * Copies the photos with their captions. Files are named after their content because AI-Toolkit's latent cache goes by
 * name alone and would train on an older picture of the same name. Doing it again changes nothing.
 */
export async function writeDataset(dir: string, photos: readonly TrainingPhoto[], triggerWord: string): Promise<WrittenDataset> {
  await mkdir(dir, { recursive: true });
  const warnings: string[] = [];
  const wanted = new Map<string, string>();
  const seen = new Set<string>();
  for (const photo of photos) {
    const extension = extensions[photo.mediaType];
    const stem = photo.sha256.slice(0, nameDigits);
    if (extension === undefined) {
      warnings.push(`${photo.fileName ?? "One photo"} was left out because AI-Toolkit does not read ${photo.mediaType}.`);
    } else if (!seen.has(stem)) {
      seen.add(stem);
      wanted.set(`${stem}${extension}`, photo.path);
      await copyOnce(photo.path, join(dir, `${stem}${extension}`));
      wanted.set(`${stem}.txt`, "");
      await writeOnce(join(dir, `${stem}.txt`), captionText(photo.caption, triggerWord));
    }
  }
  await removeOthers(dir, wanted);
  return { photoCount: seen.size, warnings };
}

/** The person's name of a photo, by its file in the dataset; the file's own where none is known. */
export function photoName(photos: readonly TrainingPhoto[], file: string): string {
  return photos.find(({ sha256 }) => file.startsWith(sha256.slice(0, nameDigits)))?.fileName ?? file;
}

/** What the trigger word is one of. Without it a rare word alone has to stand for all of the picture. */
const classWord = "person";

/** The trigger word stands in every caption as a word: AI-Toolkit looks for its letters alone and finds “ron” in “front”. */
function captionText(caption: string, triggerWord: string): string {
  const text = fillTrigger(caption.toWellFormed(), triggerWord).replace(/\s+/g, " ").trim();
  if (text === "") return holdsWord(triggerWord, classWord) ? triggerWord : `${triggerWord} ${classWord}`;
  return holdsWord(text, triggerWord) ? spellWord(text, triggerWord) : `${triggerWord} ${text}`;
}

async function copyOnce(from: string, to: string): Promise<void> {
  const size = (await stat(from)).size;
  if ((await stat(to).catch(() => null))?.size === size) return;
  const partial = hidden(to);
  await copyFile(from, partial, constants.COPYFILE_FICLONE);
  await rename(partial, to);
}

async function writeOnce(to: string, text: string): Promise<void> {
  if ((await readFile(to, "utf8").catch(() => null)) === text) return;
  const partial = hidden(to);
  await writeFile(partial, text);
  await rename(partial, to);
}

/** Hidden names are passed over by AI-Toolkit, so a copy that was cut off is never trained on. */
function hidden(path: string): string {
  const at = path.lastIndexOf("/") + 1;
  return `${path.slice(0, at)}.${path.slice(at)}.part`;
}

/** Only plain files of ours go; the tool's caches are folders and stay. */
async function removeOthers(dir: string, wanted: ReadonlyMap<string, string>): Promise<void> {
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const ours = /^\.?[0-9a-f]{32}\.(jpg|png|webp|txt)(\.part)?$/.test(entry.name);
    if (entry.isFile() && ours && !wanted.has(entry.name)) await rm(join(dir, entry.name), { force: true });
  }
}
