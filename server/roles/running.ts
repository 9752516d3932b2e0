import { existsSync, readFileSync, rmSync } from "node:fs";
import type { Paths } from "../files/paths.ts";

/** Who serves a data folder now. Written when the server listens, removed when it ends. */
export interface RunningServer {
  readonly pid: number;
  /** Base address on loopback, without a slash at the end. */
  readonly url: string;
  readonly build: string;
  readonly startedAt: string;
}

export async function writeRunning(paths: Paths, server: RunningServer): Promise<void> {
  await Bun.write(paths.serverFile, JSON.stringify(server));
}

export function forgetRunning(paths: Paths): void {
  rmSync(paths.serverFile, { force: true });
}

/** Null when nobody serves the folder, or when what is written there does not answer. */
export async function findRunning(paths: Paths): Promise<RunningServer | null> {
  if (!existsSync(paths.serverFile)) return null;
  try {
    const server = JSON.parse(readFileSync(paths.serverFile, "utf8")) as RunningServer;
    const answer = await fetch(`${server.url}/health`, { signal: AbortSignal.timeout(2000) });
    return answer.ok ? server : null;
  } catch {
    return null; // an old file of a server that was killed
  }
}

/** Asks the running server for a fresh one-time link. */
export async function requestLink(server: RunningServer, token: string): Promise<string> {
  const answer = await fetch(`${server.url}/api/links`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(5000),
  });
  if (!answer.ok) throw new Error(`The running Isengard at ${server.url} refused to make a link (${answer.status}).`);
  return `${server.url}${((await answer.json()) as { path: string }).path}`;
}
