import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.ts";

/** `npm start`: builds when the sources are newer than the executable, then runs it. Its page asks for the mode at the first start. */
const root = join(import.meta.dir, "..");
const executable = join(root, "dist/isengard");

function isFresh(): boolean {
  if (!existsSync(executable)) return false;
  const built = statSync(executable).mtimeMs;
  const sources = new Bun.Glob("{server,plugins,ui,scripts}/**/*.{ts,css,html,sql,json}").scanSync(root);
  return [...sources, "package.json"].every((file) => statSync(join(root, file)).mtimeMs < built);
}

if (!isFresh()) await build(executable);
const child = Bun.spawn([executable, ...process.argv.slice(2)], {
  cwd: process.env["INIT_CWD"] ?? root,
  stdio: ["inherit", "inherit", "inherit"],
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
process.exit(await child.exited);
