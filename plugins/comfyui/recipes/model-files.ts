import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { isRecord, recordOf, textOf } from "../protocol/json.ts";
import type { ModelLists } from "./layout.ts";

/** The kinds of folders that FLUX.1 is loaded from, with the older names that ComfyUI takes for the same. */
const kinds = {
  unets: ["diffusion_models", "unet"], encoders: ["text_encoders", "clip"], vaes: ["vae"], checkpoints: ["checkpoints"],
} as const satisfies Readonly<Record<keyof ModelLists, readonly string[]>>;

const maxDepth = 5;

/** What ComfyUI would list from its own folders and those of extra_model_paths.yaml, however deep. Empty files do not count. */
export async function modelFilesOf(dir: string): Promise<ModelLists> {
  const extra = await extraFolders(dir);
  const files = async (names: readonly string[]) => {
    const folders = names.flatMap((name) => [join(dir, "models", name), ...(extra.get(name) ?? [])]);
    return (await Promise.all([...new Set(folders)].map(filesIn))).flat();
  };
  const [unets, encoders, vaes, checkpoints] = await Promise.all([kinds.unets, kinds.encoders, kinds.vaes, kinds.checkpoints].map(files));
  return { unets: unets ?? [], encoders: encoders ?? [], vaes: vaes ?? [], checkpoints: checkpoints ?? [] };
}

/** Links are followed, as ComfyUI does: models often lie on another disk. A circle of links ends at the depth. */
async function filesIn(folder: string, depth = 0): Promise<string[]> {
  const names = await readdir(folder).catch(() => []); // not there: nothing to list
  const found = await Promise.all(names.map(async (name) => {
    const path = join(folder, name);
    const entry = await stat(path).catch(() => null); // a link to nothing
    if (entry?.isDirectory()) return depth < maxDepth ? filesIn(path, depth + 1) : [];
    return entry !== null && entry.size > 0 && /\.(safetensors|sft)$/i.test(name) ? [name] : [];
  }));
  return found.flat();
}

/** Each section may have a `base_path`; a value may name several folders, one a line. */
async function extraFolders(dir: string): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  const path = join(dir, "extra_model_paths.yaml");
  if (!existsSync(path)) return found;
  for (const section of Object.values(recordOf(parsed(await readFile(path, "utf8").catch(() => ""))))) {
    if (!isRecord(section)) continue;
    const base = resolve(dir, textOf(section["base_path"]).replace(/^~(?=\/|$)/, homedir()));
    for (const [kind, value] of Object.entries(section)) {
      if (kind === "base_path") continue;
      const folders = textOf(value).split("\n").map((line) => line.trim()).filter((line) => line !== "");
      found.set(kind, [...(found.get(kind) ?? []), ...folders.map((folder) => (isAbsolute(folder) ? folder : join(base, folder)))]);
    }
  }
  return found;
}

function parsed(yaml: string): unknown {
  try {
    return Bun.YAML.parse(yaml);
  } catch {
    // ComfyUI itself says at its start what is wrong with its file.
    return null;
  }
}
