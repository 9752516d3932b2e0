import { lstatSync, readdirSync, statfsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import type { PluginSettings } from "../../plugin.ts";

/** FLUX.1-dev as the toolkit loads it: transformer 23.8, T5 9.5, CLIP 0.2, VAE 0.2 GB. */
export const fluxDownloadBytes = 33.7e9;
/** Parts of the repository that are not loaded may be missing, and sizes differ a little between revisions. */
const complete = 0.97;

/** Where huggingface_hub keeps a base model, or will put it. */
export interface ModelPlace {
  /** The cache's folder, as HF_HUB_CACHE names it. */
  readonly cacheDir: string;
  /** The model's folder in it. */
  readonly dir: string;
  /** 0: it is there. */
  readonly missingBytes: number;
  /** The cache is not the one that the library would take by itself. */
  readonly isOwn: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * null: the base model is a folder. A place that the person named in HF_HUB_CACHE or HF_HOME is theirs to choose. Without one the
 * library's own is taken where the model is there or where it lies on the disk of Isengard's data; else the model goes onto
 * that disk, since a pod's own disk is emptied with each restart, and 34 GB would come anew.
 */
export function modelPlace(settings: Pick<PluginSettings, "modelsDir">, baseModel: string, env: Environment = process.env, disk = diskOf): ModelPlace | null {
  if (isAbsolute(baseModel)) return null;
  const standard = placeIn(hubFolder(env), baseModel, false);
  if (env["HF_HUB_CACHE"] !== undefined || env["HF_HOME"] !== undefined || standard.missingBytes === 0) return standard;
  const own = placeIn(join(settings.modelsDir, "huggingface"), baseModel, true);
  return own.missingBytes === 0 || disk(standard.dir) !== disk(own.dir) ? own : standard;
}

/** Bytes that are free on the disk of a place, which need not be there yet; null where the system does not tell. */
export function freeAt(path: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(existingPart(path));
    return bavail * bsize;
  } catch {
    return null;
  }
}

function placeIn(cacheDir: string, baseModel: string, isOwn: boolean): ModelPlace {
  const dir = join(cacheDir, `models--${baseModel.replaceAll("/", "--")}`);
  const present = bytesOf(dir);
  return { cacheDir, dir, isOwn, missingBytes: present >= fluxDownloadBytes * complete ? 0 : fluxDownloadBytes - present };
}

/** As huggingface_hub looks for it, by the variables that the child inherits. */
function hubFolder(env: Environment): string {
  const cache = env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return env["HF_HUB_CACHE"] ?? join(env["HF_HOME"] ?? join(cache, "huggingface"), "hub");
}

/** Files lie in `blobs`, with links to them in `snapshots`; on a volume without links in `snapshots` itself. */
function bytesOf(dir: string): number {
  return ["blobs", "snapshots"].flatMap((part) => filesBelow(join(dir, part))).reduce((sum, path) => sum + plainSize(path), 0);
}

function filesBelow(dir: string): string[] {
  try {
    return readdirSync(dir, { recursive: true, encoding: "utf8" }).map((name) => join(dir, name));
  } catch {
    return []; // not made yet: nothing was downloaded
  }
}

function plainSize(path: string): number {
  const facts = lstatSync(path, { throwIfNoEntry: false });
  return facts?.isFile() === true ? facts.size : 0;
}

function diskOf(path: string): number {
  return statSync(existingPart(path)).dev;
}

function existingPart(path: string): string {
  const isThere = statSync(path, { throwIfNoEntry: false }) !== undefined;
  return isThere || dirname(path) === path ? path : existingPart(dirname(path));
}
