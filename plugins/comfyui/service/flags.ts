import { stat } from "node:fs/promises";
import { join } from "node:path";

/** An option that an older or newer ComfyUI does not know ends its start with code 2, so we ask it first. */
export interface StartOption {
  readonly flag: string;
  readonly value?: string;
  /** Without it the instance would be unsafe or of no use, so it is passed in any case. */
  readonly needed: boolean;
}

const helpLimitMs = 30_000;
const cache = new Map<string, ReadonlySet<string>>();
const cacheLimit = 8;

/** As `comfy/cli_args.py` of 0.3.64 and 0.33.0 have them. `modelsYaml` and the folders must exist. `useProcessor`: without it ComfyUI does not start where there is no GPU. */
export function startOptions(dir: string, port: number, modelsYaml: string, useProcessor = false): StartOption[] {
  return [
    { flag: "--listen", value: "127.0.0.1", needed: true },
    { flag: "--port", value: String(port), needed: true },
    { flag: "--disable-auto-launch", needed: false },
    { flag: "--preview-method", value: "latent2rgb", needed: false },
    { flag: "--output-directory", value: join(dir, "output"), needed: true },
    { flag: "--input-directory", value: join(dir, "input"), needed: true },
    { flag: "--temp-directory", value: join(dir, `run-${port}`), needed: true },
    { flag: "--user-directory", value: join(dir, "user"), needed: true },
    { flag: "--database-url", value: `sqlite:///${join(dir, "comfy.db")}`, needed: false },
    { flag: "--extra-model-paths-config", value: modelsYaml, needed: true },
    { flag: "--disable-api-nodes", needed: false },
    ...(useProcessor ? [{ flag: "--cpu", needed: true }] : []),
  ];
}

export function chosenArguments(options: readonly StartOption[], known: ReadonlySet<string> | null): string[] {
  return options
    .filter((option) => option.needed || known === null || known.has(option.flag))
    .flatMap((option) => (option.value === undefined ? [option.flag] : [option.flag, option.value]));
}

/** The options that this installation knows, or null when it does not say. Remembered until its parser file changes. */
export async function knownFlags(python: string, dir: string): Promise<ReadonlySet<string> | null> {
  const stamp = await stat(join(dir, "comfy", "cli_args.py")).then((file) => file.mtimeMs, () => 0);
  const key = `${python}\0${dir}\0${stamp}`;
  const remembered = cache.get(key);
  if (remembered) return remembered;
  const flags = parseHelp(await help(python, dir));
  if (flags.size === 0) return null;
  if (cache.size >= cacheLimit) cache.clear();
  cache.set(key, flags);
  return flags;
}

export function parseHelp(text: string): ReadonlySet<string> {
  return new Set(text.match(/--[a-z][a-z0-9-]+/g) ?? []);
}

async function help(python: string, dir: string): Promise<string> {
  try {
    const child = Bun.spawn([python, "main.py", "--help"], {
      cwd: dir, stdin: "ignore", stdout: "pipe", stderr: "ignore", timeout: helpLimitMs, killSignal: "SIGKILL",
    });
    return await new Response(child.stdout).text();
  } catch {
    // A python that cannot be started is reported by the start itself, with its reason.
    return "";
  }
}
