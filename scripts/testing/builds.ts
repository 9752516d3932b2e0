import { appendFileSync, copyFileSync, existsSync, mkdtempSync, renameSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");

/**
 * An executable of the commit `back` before this one, from git's archive; where that cannot be had or built, and for 0, of
 * the present sources. It calls itself another build in any case.
 */
export async function buildOf(back: number, folder: string): Promise<string> {
  const outfile = join(folder, `build-${back}`);
  const sources = mkdtempSync(join(folder, "sources-"));
  const present = 'cp -r server plugins ui scripts package.json tsconfig.json "$0"';
  for (const copy of [...(back > 0 ? [`git archive HEAD~${back} | tar x -C "$0"`] : []), present]) {
    const problem = await tryBuild(copy, sources, outfile, back);
    if (problem === null) return outfile;
    console.log(`an executable could not be built from ${copy}:\n${problem}`);
  }
  throw new Error(`No executable of ${back} commits before could be built.`);
}

async function tryBuild(copy: string, sources: string, outfile: string, back: number): Promise<string | null> {
  const copied = Bun.spawnSync(["bash", "-ceo", "pipefail", `${copy}; ln -sfn "$1/node_modules" "$0/node_modules"`, sources, root], { cwd: root, stderr: "pipe" });
  if (copied.exitCode !== 0) return copied.stderr.toString().slice(-500);
  appendFileSync(join(sources, "server/base/identity.ts"), `// a build of another day: ${back}\n`);
  const building = Bun.spawn([process.execPath, "scripts/build.ts", "--out", outfile], { cwd: sources, stdout: "pipe", stderr: "pipe" });
  const [code, said] = await Promise.all([building.exited, new Response(building.stderr).text()]);
  return code === 0 && existsSync(outfile) ? null : said.slice(-500);
}

/** As an installer does it: the new file is moved over the name, so the running program keeps its own. */
export function install(build: string, installed: string): void {
  copyFileSync(build, `${installed}.new`);
  renameSync(`${installed}.new`, installed);
}
