import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildUi } from "./build-ui.ts";
import { pinoWithoutWorkers } from "./pino-without-workers.ts";

const root = join(import.meta.dir, "..");

/** Compiles everything into one file. Returns its path. Nothing of the folder that it is started in is read by it. */
export async function build(outfile = join(root, "dist/isengard")): Promise<string> {
  const ui = await buildUi();
  const { version } = (await Bun.file(join(root, "package.json")).json()) as { version: string };
  const result = await Bun.build({
    entrypoints: [join(root, "server/main.ts")],
    target: "bun",
    format: "esm",
    // Not `identifiers`: with it Elysia 1.4.30 leaves the numbers and booleans of a query as texts and their limits unchecked.
    minify: { whitespace: true, syntax: true },
    bytecode: true,
    // Each role loads only what it needs: a holder neither reads nor keeps the server's code.
    splitting: true,
    sourcemap: "none",
    define: {
      "process.env.NODE_ENV": '"production"',
      ISENGARD_VERSION: JSON.stringify(version),
      ISENGARD_BUILD: JSON.stringify(await buildId(version)),
    },
    plugins: [pinoWithoutWorkers],
    // `--smol`: a server lives beside a training and has no use for a heap that grows before it is collected.
    compile: { outfile, execArgv: ["--smol"], autoloadDotenv: false, autoloadBunfig: false, assets: [ui.folder] },
  });
  if (!result.success) throw new AggregateError(result.logs, "The executable could not be built.");
  return outfile;
}

/** The version and a digest of the sources, so that two builds of the same sources call themselves the same. */
async function buildId(version: string): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  const files = [...new Bun.Glob("{server,plugins,ui}/**/*.{ts,css,html,sql,json}").scanSync(root)].sort();
  for (const file of files) hash.update(file).update(await Bun.file(join(root, file)).bytes());
  return `${version}+${hash.digest("hex").slice(0, 10)}`;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { out: { type: "string" } } });
  const path = await build(values.out);
  console.log(`${path} ${(Bun.file(path).size / 1e6).toFixed(1)} MB`);
}
