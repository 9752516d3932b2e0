import { cpSync, mkdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { brotliCompressSync, constants, zstdCompressSync } from "node:zlib";

export interface BuiltUi {
  readonly folder: string;
  /** Bytes over the wire with brotli, of what the first page needs. */
  readonly scriptBytes: number;
  readonly styleBytes: number;
}

const root = join(import.meta.dir, "..");

/** Bundles the page into `folder`: hashed names, each file also compressed, and a manifest of the two entry files. */
export async function buildUi(folder = join(root, "dist/public")): Promise<BuiltUi> {
  rmSync(folder, { recursive: true, force: true });
  const assets = join(folder, "assets");
  mkdirSync(assets, { recursive: true });
  const result = await Bun.build({
    entrypoints: [join(root, "ui/main.ts"), join(root, "ui/styles/main.css")],
    outdir: assets,
    target: "browser",
    minify: true,
    splitting: true,
    publicPath: "/assets/",
    naming: { entry: "[name]-[hash].[ext]", chunk: "chunk-[hash].[ext]", asset: "[name]-[hash].[ext]" },
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const entries = result.outputs.filter((output) => output.kind === "entry-point" || output.path.endsWith(".css"));
  const script = basename(entries.find((output) => /main-\w+\.js$/.test(output.path))!.path);
  const style = basename(entries.find((output) => /main-\w+\.css$/.test(output.path))!.path);
  await Promise.all(result.outputs.map((output) => compress(output.path)));
  const preload = await chunksAtStart(assets, script);
  await Bun.write(join(folder, "manifest.json"), JSON.stringify({ script, style, preload }));
  await Bun.write(join(folder, "index.html"), Bun.file(join(root, "ui/index.html")));
  cpSync(join(root, "ui/static"), join(folder, "static"), { recursive: true });
  const size = (name: string) => Bun.file(join(assets, `${name}.br`)).size;
  return { folder, scriptBytes: [script, ...preload].reduce((sum, name) => sum + size(name), 0), styleBytes: size(style) };
}

/** Chunks that the entry needs at once: named in the page's head, so that they come together with it. */
async function chunksAtStart(assets: string, entry: string): Promise<string[]> {
  const found = new Set<string>();
  for (const name of [entry, ...found]) {
    const text = await Bun.file(join(assets, name)).text();
    for (const [, chunk] of text.matchAll(/(?:from|import)\s*"\/assets\/(chunk-\w+\.js)"/g)) found.add(chunk!);
  }
  return [...found];
}

async function compress(path: string): Promise<void> {
  const bytes = await Bun.file(path).bytes();
  await Promise.all([
    Bun.write(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })),
    Bun.write(`${path}.zst`, zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 19 } })),
    Bun.write(`${path}.gz`, Bun.gzipSync(bytes, { level: 9 })),
  ]);
}
