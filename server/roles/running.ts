import { existsSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import type { Paths } from "../files/paths.ts";
import { writeWhole } from "../files/whole-file.ts";
import { instance } from "../base/identity.ts";
import { bootId } from "../process/identity.ts";
import { CommandError } from "./explain.ts";

/** Who serves a data folder now. Written when the server listens, renewed while it lives, removed when it ends. */
export interface RunningServer {
  readonly pid: number;
  /** Base address on loopback, without a slash at the end. */
  readonly url: string;
  readonly build: string;
  readonly startedAt: string;
  /** `on-hold`: it only shows why the data cannot be opened. Absent in what an older version wrote. */
  readonly state?: "serving" | "on-hold";
  /** The machine or container: its address means something only there. */
  readonly hostname?: string;
  readonly bootId?: string;
  readonly heartbeatAt?: string;
  /** What its `/health` answers. Absent in what an older version wrote. */
  readonly instance?: string;
}

/** Only words are made of it; whether a folder is in use is decided by its lock. */
const heartbeatMs = 10_000;

/** Says who serves the folder and renews it. The returned function ends that. */
export function announceRunning(paths: Paths, server: Pick<RunningServer, "url" | "build" | "state">): () => void {
  const startedAt = new Date().toISOString();
  const write = (): void => {
    const record: RunningServer = { ...server, pid: process.pid, startedAt, hostname: hostname(), bootId: bootId(), instance, heartbeatAt: new Date().toISOString() };
    try {
      writeWhole(paths.serverFile, JSON.stringify(record), { isSynced: false });
    } catch {
      // A full or vanished disk: the lock still tells that the folder is in use, only without words.
    }
  };
  write();
  const timer = setInterval(write, heartbeatMs);
  timer.unref();
  return () => {
    clearInterval(timer);
    rmSync(paths.serverFile, { force: true });
  };
}

function readRunning(paths: Paths): RunningServer | null {
  if (!existsSync(paths.serverFile)) return null;
  try {
    return JSON.parse(readFileSync(paths.serverFile, "utf8")) as RunningServer;
  } catch {
    return null; // cut off by an older version that was killed while it wrote
  }
}

/** Null when nobody serves the folder from this machine, or when what is written there does not answer. */
export async function findRunning(paths: Paths): Promise<RunningServer | null> {
  const server = readRunning(paths);
  if (server === null || !isHere(server)) return null;
  try {
    const answer = await fetch(`${server.url}/health`, { signal: AbortSignal.timeout(2000) });
    return answer.ok && isOf(server, await answer.json()) ? server : null;
  } catch {
    return null; // an old file of a server that was killed
  }
}

/** After a kill -9 its port may have gone to the Isengard of another folder, which is just as healthy. */
function isOf(server: RunningServer, health: unknown): boolean {
  if (server.instance === undefined) return true;
  return typeof health === "object" && health !== null && "instance" in health && health.instance === server.instance;
}

/** For a person who starts a second one: who has the folder, where, since when. */
export function describeHolder(paths: Paths, now: number = Date.now()): string {
  const server = readRunning(paths);
  const refused = `Another Isengard already uses the folder ${paths.root}.`;
  const advice = "Open its page, stop it, or choose another folder with --data.";
  if (server === null) return `${refused} It is just starting or ending, so its address is not known yet. ${advice}`;
  const where = server.hostname === undefined || isHere(server) ? "on this machine" : `on ${server.hostname}`;
  const sign = server.heartbeatAt === undefined ? "" : `, last sign of life ${age(now - Date.parse(server.heartbeatAt))} ago`;
  return `${refused} It is process ${server.pid} ${where} (${server.url}), running for ${age(now - Date.parse(server.startedAt))}${sign}. ${advice}`;
}

/** Asks the running server for a fresh one-time link. */
export async function requestLink(server: RunningServer, token: string): Promise<string> {
  const answer = await fetch(`${server.url}/api/links`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(5000),
  });
  if (!answer.ok) throw new CommandError(`The Isengard that runs at ${server.url} made no link (it answered ${answer.status}). Stop it and start it again.`);
  return `${server.url}${((await answer.json()) as { path: string }).path}`;
}

/** Containers of one machine share its boot id, but not its name. */
function isHere(server: RunningServer): boolean {
  return server.hostname === undefined || (server.hostname === hostname() && server.bootId === bootId());
}

function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
}
