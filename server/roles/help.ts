import { configKeys, type ConfigKey } from "../base/config-keys.ts";

const roles: ReadonlyArray<readonly [string, string]> = [
  ["isengard [options]", "start the server and open the page"],
  ["isengard token", "print the access token for scripts"],
  ["isengard link", "print a new one-time link to the running server"],
  ["isengard doctor", "check this machine and say what is missing"],
  ["isengard backup [--to FILE]", "make a proven backup of the databases"],
  ["isengard restore FILE|latest", "put a backup in the place of the databases; the present ones are kept"],
  ["isengard version", "print the version"],
  ["isengard simulate NAME …", "act as ai-toolkit, comfyui or nvidia-smi (used by fast-test)"],
];

export function helpText(): string {
  const options = Object.values(configKeys as Record<string, ConfigKey>).map((key) => {
    const flag = key.type === "bool" ? `--${key.flag}` : `--${key.flag} ${key.type.toUpperCase()}`;
    return `  ${flag.padEnd(32)} ${key.help}  [${key.env}]`;
  });
  return [
    "Isengard: teach an image model one face from a handful of photos, then make pictures of that person.",
    "",
    "Usage:",
    ...roles.map(([usage, text]) => `  ${usage.padEnd(32)} ${text}`),
    "",
    "Options (a flag wins over its environment variable, that over isengard.json, that over the default):",
    ...options,
    "",
  ].join("\n");
}
