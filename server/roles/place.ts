import { existsSync, readFileSync } from "node:fs";
import { type LoadedConfig, loadConfig } from "../config.ts";
import { chooseRoot, mapPaths, type Paths } from "../files/paths.ts";
import { withPrivateSecrets } from "../files/secrets.ts";

/** Settings and folders of this start. `VOLUME_ROOT` and `--data` decide where isengard.json is looked for. */
export function loadPlace(flags: readonly string[], env: Readonly<Record<string, string | undefined>> = process.env): LoadedConfig & { paths: Paths } {
  const early = loadConfig({ flags, env, file: null });
  const paths = mapPaths(chooseRoot(early.config.data, process.cwd()));
  const file = existsSync(paths.configFile) ? readFileSync(paths.configFile, "utf8") : null;
  return { ...loadConfig({ flags, env, file }), paths: withPrivateSecrets(paths) };
}
