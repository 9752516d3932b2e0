import { closeSync, fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { ConfigError, type ConfigFile, type LoadedConfig, loadConfig } from "../base/config.ts";
import { chooseRoot, isPodRoot, mapPaths, type Paths } from "../files/paths.ts";
import { withPrivateSecrets } from "../files/secrets.ts";
import { assertOwnSecrets, assertTrusted, type RootOrigin } from "./trust.ts";

/** A file of settings has some hundred bytes; anything far larger was not written as one. */
const largestFileBytes = 1024 * 1024;

/**
 * Settings and folders of this start. `VOLUME_ROOT` and `--data` decide where isengard.json is looked for. Throws ConfigError, and
 * TrustError where others could have written what is read.
 */
export function loadPlace(flags: readonly string[], env: Readonly<Record<string, string | undefined>> = process.env): LoadedConfig & { paths: Paths } {
  const bare = loadConfig({ flags, env, file: null });
  const { config } = bare;
  const paths = mapPaths(chooseRoot(config.data, process.cwd()));
  assertFolder(paths.root);
  assertTrusted({ paths, origin: originOf(paths.root, config.data), trustFolder: config.trustFolder });
  const file = readConfigFile(paths);
  const place = { ...(file === null ? bare : loadConfig({ flags, env, file })), paths: withPrivateSecrets(paths) };
  assertOwnSecrets(place.paths);
  return place;
}

function originOf(root: string, named: string | null): RootOrigin {
  if (isPodRoot(root)) return "pod";
  return named === null ? "start-folder" : "named";
}

function assertFolder(root: string): void {
  const stats = statOf(root);
  if (stats === "not-a-folder" || (stats !== null && !stats.isDirectory())) {
    throw new ConfigError([`${root} cannot be the folder that keeps everything: it, or a part of its path, is a file. Name a folder with --data.`]);
  }
}

function statOf(path: string): Stats | "not-a-folder" | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return "not-a-folder";
    throw error;
  }
}

/** Read through one handle, so that what was looked at is what is read. */
function readConfigFile({ configFile, root }: Paths): ConfigFile | null {
  const stats = statSync(configFile, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  if (!stats.isFile()) throw new ConfigError([`${configFile} is no file. Remove it, or put a file of settings there.`]);
  const handle = openSync(configFile, "r");
  try {
    const { size } = fstatSync(handle);
    if (size > largestFileBytes) throw new ConfigError([`${configFile} has ${size} bytes, which is no file of settings. Remove it, or correct it.`]);
    const bytes = new Uint8Array(size);
    return { bytes: bytes.subarray(0, readSync(handle, bytes)), folder: root };
  } finally {
    closeSync(handle);
  }
}
