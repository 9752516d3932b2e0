import { existsSync, readFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { freemem, release, totalmem, type as systemType } from "node:os";
import { dirname } from "node:path";
import type { SystemStatus } from "../contract/system.ts";

/** Room on the file system that holds `path`, as a user without special rights may fill it. Throws what the system says. */
export async function diskSpace(path: string): Promise<SystemStatus["disk"]> {
  let existing = path;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  const stats = await statfs(existing);
  return { freeBytes: stats.bavail * stats.bsize, totalBytes: stats.blocks * stats.bsize, path };
}

/** A container may have less than its machine: the smaller limit counts. */
export function memory(root = "/"): SystemStatus["memory"] {
  const machine = { total: totalmem(), free: availableBytes(root) ?? freemem() };
  const container = containerMemory(root);
  return {
    totalBytes: Math.min(machine.total, container?.total ?? Infinity),
    freeBytes: Math.min(machine.free, container?.free ?? Infinity),
    processBytes: process.memoryUsage.rss(),
  };
}

/** `Debian GNU/Linux 13 (trixie)`; the kernel's name where the file is missing. */
export function osName(root = "/"): string {
  const pretty = /^PRETTY_NAME="?([^"\n]+)"?$/m.exec(readText(`${root}etc/os-release`) ?? "")?.[1];
  return pretty ?? `${systemType()} ${release()}`;
}

/** Free memory without counting caches as used, which `freemem` does. Source: proc(5). */
function availableBytes(root: string): number | null {
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(readText(`${root}proc/meminfo`) ?? "")?.[1];
  return kib ? Number(kib) * 1024 : null;
}

/** Control groups version 2; null without a limit. File caches are given back when needed, so they are not used. */
function containerMemory(root: string): { total: number; free: number } | null {
  const folder = `${root}sys/fs/cgroup`;
  const total = Number(readText(`${folder}/memory.max`)?.trim() || NaN);
  const used = Number(readText(`${folder}/memory.current`)?.trim() || NaN);
  if (!Number.isFinite(total) || !Number.isFinite(used)) return null;
  const cache = Number(/^inactive_file (\d+)$/m.exec(readText(`${folder}/memory.stat`) ?? "")?.[1] ?? 0);
  return { total, free: Math.max(0, total - used + cache) };
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null; // not this kind of system, or not readable: the caller has another source
  }
}
