import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ImageJob } from "../../interfaces/image.ts";
import type { ServiceHandle } from "../../plugin.ts";
import { numberOf, parseJson, recordOf } from "../protocol/json.ts";

/** ComfyUI tells of parts without a place only when it applies a LoRA; later pictures come from its cache, without a word. */
const unfit = new Map<string, number>();
const limit = 200;
/** In the folder of a ComfyUI of ours, which outlives the server; of one elsewhere only this server remembers. */
const fileName = "unfit-loras.json";

type Instance = Pick<ServiceHandle, "instance" | "dir">;

/** What the log said now is remembered for the same LoRAs on the same ComfyUI; a silent log answers with what was remembered. */
export function unplacedSoFar({ instance, dir }: Instance, { model, loras }: Pick<ImageJob, "model" | "loras">, now: number): number {
  if (loras.length === 0) return 0;
  const key = JSON.stringify([instance, model, ...loras.map(({ path }) => identityOf(path)).sort()]);
  if (now === 0) return unfit.get(key) ?? (dir === null ? 0 : numberOf(readNotes(dir)[key]) ?? 0);
  if (unfit.size >= limit) unfit.clear();
  unfit.set(key, now);
  if (dir !== null) writeNotes(dir, { ...ofInstance(readNotes(dir), instance), [key]: now });
  return now;
}

/** A file that was replaced is another one. */
function identityOf(path: string): string {
  const file = statSync(path, { throwIfNoEntry: false });
  return `${path} ${file?.size ?? 0} ${file?.mtimeMs ?? 0}`;
}

/** What another life of ComfyUI did is of no use any more, which also bounds the file. */
function ofInstance(notes: Readonly<Record<string, unknown>>, instance: string): Record<string, unknown> {
  const own = Object.entries(notes).filter(([key]) => key.startsWith(JSON.stringify([instance]).slice(0, -1)));
  return Object.fromEntries(own.slice(-limit));
}

function readNotes(dir: string): Record<string, unknown> {
  try {
    return recordOf(parseJson(readFileSync(join(dir, fileName), "utf8")));
  } catch {
    return {}; // nothing was noted yet
  }
}

function writeNotes(dir: string, notes: Readonly<Record<string, unknown>>): void {
  const path = join(dir, fileName);
  try {
    writeFileSync(`${path}.part`, JSON.stringify(notes), { mode: 0o600 });
    renameSync(`${path}.part`, path);
  } catch {
    // Only a sentence after a restart is lost by it; the picture is there.
  }
}
