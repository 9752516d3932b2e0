import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";

/** The built page: files with a content hash in their name, each also pre-compressed at build time. */
export interface UiAsset {
  readonly name: string;
  readonly mediaType: string;
  readonly path: string;
  /** Encodings that exist beside the plain file. */
  readonly encodings: ReadonlySet<Encoding>;
}

export type Encoding = "br" | "gzip" | "zstd";

const suffixes: ReadonlyArray<readonly [Encoding, string]> = [["br", ".br"], ["zstd", ".zst"], ["gzip", ".gz"]];

const mediaTypes: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".webmanifest": "application/manifest+json",
};

export interface UiBundle {
  /** Files with fixed names, served as they are: icon and manifest. */
  readonly staticFolder: string;
  /** The page's template; see `pages.ts` for its two marks. */
  readonly html: string;
  readonly script: string;
  readonly style: string;
  /** Chunks that `script` imports at once. */
  readonly preload: readonly string[];
  readonly assets: ReadonlyMap<string, UiAsset>;
}

/** Reads what the build left in `folder`. Throws when the build is missing, with the command that makes it. */
export async function loadUi(folder: string): Promise<UiBundle> {
  const manifest = join(folder, "manifest.json");
  if (!existsSync(manifest)) throw new Error("The page is not built yet. Run: npm run build");
  const { script, style, preload } = JSON.parse(readFileSync(manifest, "utf8")) as Pick<UiBundle, "script" | "style" | "preload">;
  const names = readdirSync(join(folder, "assets"));
  const assets = new Map<string, UiAsset>();
  for (const name of names) {
    const mediaType = mediaTypes[extname(name)];
    if (mediaType === undefined) continue;
    const encodings = new Set(suffixes.filter(([, suffix]) => names.includes(name + suffix)).map(([encoding]) => encoding));
    assets.set(name, { name, mediaType, path: join(folder, "assets", name), encodings });
  }
  return { staticFolder: join(folder, "static"), html: readFileSync(join(folder, "index.html"), "utf8"), script, style, preload, assets };
}

/** The smallest form that the browser takes. */
export function pickEncoding(asset: UiAsset, accepted: ReadonlySet<Encoding>): { path: string; encoding: Encoding | null } {
  const found = suffixes.find(([encoding]) => accepted.has(encoding) && asset.encodings.has(encoding));
  return found ? { path: asset.path + found[1], encoding: found[0] } : { path: asset.path, encoding: null };
}
