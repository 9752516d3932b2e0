import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const executablePath = join(import.meta.dir, "../../dist/isengard");

/** It takes a tenth of a second; a machine with ten times the work of its cores has taken half a minute. */
const startLimitMs = 90_000;

export interface Started {
  readonly folder: string;
  readonly url: string;
  readonly link: string;
  readonly token: string;
  readonly pid: number;
  /** What the program printed so far. */
  printed(): string;
  /** Calls the API with the token. */
  api(path: string, init?: RequestInit): Promise<Response>;
  json<T>(path: string, init?: RequestInit): Promise<T>;
  kill(signal: NodeJS.Signals): Promise<number | null>;
  /** SIGTERM, then the folder's tools are ended and the folder is removed. */
  dispose(): Promise<void>;
}

export interface StartOptions {
  /** An existing data folder, for a restart; by default a new empty one. */
  readonly folder?: string;
  readonly flags?: readonly string[];
  readonly executable?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Words that go before the program and its arguments, as `unshare --uts`. */
  readonly wrapper?: readonly string[];
  /** The port comes from `env` instead of being any free one. */
  readonly keepPort?: boolean;
}

/** Starts the compiled executable on a free loopback port in its own empty folder and waits until it is ready. */
export async function startExecutable(options: StartOptions = {}): Promise<Started> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "isengard-exe-"));
  const flags = options.flags ?? ["--mode", "fast-test"];
  const child = Bun.spawn([...(options.wrapper ?? []), options.executable ?? executablePath, ...flags, "--data", folder, ...(options.keepPort ? [] : ["--port", "0"]), "--no-open"], {
    cwd: folder,
    env: cleanEnv(options.env),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  let text = "";
  const read = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) text = (text + decoder.decode(chunk, { stream: true })).slice(-100_000);
  };
  void read(child.stdout);
  void read(child.stderr);
  const end = performance.now() + startLimitMs;
  while (!/Files: /.test(text)) {
    const ended = child.exitCode ?? child.signalCode;
    if (ended !== null || performance.now() > end) throw new Error(`The executable did not start (${ended ?? "no end"}):\n${text}`);
    await Bun.sleep(5);
  }
  const link = /Open:\s+(\S+)/.exec(text)![1]!;
  const url = new URL(link).origin;
  const tokenFile = join(folder, "data/secrets/token");
  const token = existsSync(tokenFile) ? readFileSync(tokenFile, "utf8").trim() : "";
  const api = (path: string, init: RequestInit = {}) =>
    fetch(`${url}${path}`, { ...init, headers: { authorization: `Bearer ${token}`, ...(init.headers as Record<string, string> | undefined) } });
  const kill = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await child.exited;
    return child.exitCode;
  };
  return {
    folder, url, link, token, pid: child.pid, api, kill,
    printed: () => text,
    json: async <T>(path: string, init?: RequestInit) => {
      const answer = await api(path, init);
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      return (await answer.json()) as T;
    },
    dispose: async () => {
      if (child.exitCode === null && child.signalCode === null) await kill("SIGTERM");
      await endLeftovers(folder);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What a person's own settings would add must not leak into a test. */
export function cleanEnv(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(([key]) => !/^(ISENGARD_|VOLUME_ROOT|COMFYUI_URL|RUNPOD_|BUN_)/.test(key));
  return { ...(Object.fromEntries(kept) as Record<string, string>), ...extra };
}

/** Processes that still have files of this folder in their arguments or working folder: holders and simulators. */
export function processesOf(folder: string): number[] {
  const found: number[] = [];
  for (const pid of readdirSync("/proc").map(Number).filter((number) => number > 0 && number !== process.pid)) {
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(folder)) found.push(pid);
    } catch {
      // the process ended while we looked
    }
  }
  return found;
}

export async function endLeftovers(folder: string): Promise<void> {
  for (const signal of ["SIGINT", "SIGKILL"] as const) {
    const left = processesOf(folder);
    if (left.length === 0) return;
    for (const pid of left) {
      try {
        process.kill(pid, signal);
      } catch {
        // it ended by itself
      }
    }
    const end = performance.now() + 3000;
    while (processesOf(folder).length > 0 && performance.now() < end) await Bun.sleep(50);
  }
}
