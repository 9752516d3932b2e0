import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { looksOfPhotos } from "../../simulation/looks.ts";
import { PythonError } from "./python.ts";
import { countUp, type Run } from "./run.ts";
import { ProgressBar } from "./tqdm.ts";

/** Both sides of a bucket are multiples of this for FLUX.1. */
const divisibility = 32;

/** Scans the photos, sorts them by shape and caches them, once for each dataset and size; a size that is named twice counts twice. */
export async function loadPhotos(run: Run): Promise<void> {
  run.db?.maybeStop();
  run.db?.status("running", "Loading dataset");
  for (const dataset of run.job.datasets) {
    for (const resolution of dataset.resolutions) {
      const files = await scan(run, dataset.folder);
      const sizes = await readSizes(run, dataset.folder, files);
      printBuckets(run, dataset.folder, sizes, resolution);
      run.screen.print(`Caching latents for ${dataset.folder}`);
      run.screen.print(" - Saving latents to disk");
      await cache(run, join(dataset.folder, "_latent_cache"), [...sizes.keys()], `${resolution}`, "Caching latents to disk", 40);
      if (dataset.cacheText) {
        run.screen.print(`Caching text_embeddings for ${dataset.folder}`);
        run.screen.print(" - Saving text embeddings to disk");
        await cache(run, join(dataset.folder, "_t_e_cache"), [...sizes.keys()], "te", "Caching text embeddings to disk", 15);
      }
      run.photoCount += sizes.size;
      run.looks ??= await looksOfPhotos([...sizes.keys()].map((name) => Bun.file(join(dataset.folder, name))));
    }
  }
}

async function scan(run: Run, folder: string): Promise<string[]> {
  if (!existsSync(folder)) throw new PythonError("FileNotFoundError", `[Errno 2] No such file or directory: '${folder}'`);
  run.screen.print(`Dataset: ${folder}`);
  run.screen.print("  -  Preprocessing image dimensions");
  return readdirSync(folder).filter((name) => /\.(jpe?g|png|webp)$/i.test(name) && !name.startsWith(".")).sort();
}

/** Width and height by file; a broken photo is reported and left out, as the real scan does. */
async function readSizes(run: Run, folder: string, files: readonly string[]): Promise<Map<string, [number, number]>> {
  const sizes = new Map<string, [number, number]>();
  const bar = new ProgressBar(run.screen, { label: "", total: files.length });
  for (const name of files) {
    const path = join(folder, name);
    try {
      const { width, height } = await new Bun.Image(Bun.file(path)).metadata();
      sizes.set(name, [width, height]);
    } catch {
      run.screen.print("Traceback (most recent call last):");
      run.screen.print(`PIL.UnidentifiedImageError: cannot identify image file '${path}'`);
      run.screen.print("");
      run.screen.print(`Error processing image: ${path}`);
      run.screen.print(`cannot identify image file '${path}'`);
    }
    await run.pace.wait(5);
    bar.update(1);
  }
  bar.close();
  run.screen.print(`  -  Found ${sizes.size} images`);
  writeFileSync(join(folder, ".aitk_size.json"), JSON.stringify(Object.fromEntries(sizes)));
  if (sizes.size === 0) throw new PythonError("AssertionError", `no images found in ${folder}`);
  return sizes;
}

function printBuckets(run: Run, folder: string, sizes: ReadonlyMap<string, [number, number]>, resolution: number): void {
  const buckets = new Map<string, number>();
  for (const [width, height] of sizes.values()) {
    const scale = Math.min(1, Math.sqrt((resolution * resolution) / (width * height)));
    const side = (length: number) => Math.max(divisibility, Math.round((length * scale) / divisibility) * divisibility);
    const key = `${side(width)}x${side(height)}`;
    buckets.set(key, (buckets.get(key) ?? 0) + 1);
  }
  run.screen.print(`Bucket sizes for ${folder}:`);
  for (const [key, count] of buckets) run.screen.print(`${key}: ${count} files`);
  run.screen.print(`${buckets.size} buckets made`);
}

/** Names depend on the file's name, not on its content, as in the real cache; what is cached costs no time. */
async function cache(run: Run, dir: string, files: readonly string[], kind: string, label: string, ms: number): Promise<void> {
  mkdirSync(dir, { recursive: true });
  let missing = 0;
  for (const name of files) {
    const stem = name.slice(0, name.lastIndexOf("."));
    const path = join(dir, `${stem}_${new Bun.CryptoHasher("md5").update(`${stem} ${kind}`).digest("hex")}.safetensors`);
    if (existsSync(path)) continue;
    missing++;
    writeFileSync(path, "");
  }
  await countUp(run, label, files.length, missing * ms);
}
