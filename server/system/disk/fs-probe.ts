import { Database } from "bun:sqlite";
import {
  chmodSync, closeSync, fsyncSync, mkdirSync, openSync, readFileSync, realpathSync, renameSync, rmSync, statfsSync, statSync, writeSync,
} from "node:fs";
import { join } from "node:path";
import type { Check } from "../../contract/system.ts";
import { syncFolder } from "../../files/sync-folder.ts";

export interface Mount {
  readonly folder: string;
  readonly type: string;
  readonly device: string;
  readonly isReadOnly: boolean;
}

export interface FsProbe {
  readonly folder: string;
  /** Null where the system does not tell, as outside Linux. */
  readonly mount: Mount | null;
  readonly isNetwork: boolean;
  /** What did not work, in words; empty: everything that the databases need works. */
  readonly failures: readonly string[];
  /** False where a file of one user can be read by all. */
  readonly keepsModes: boolean;
  readonly freeBytes: number | null;
  readonly tookMs: number;
}

/** Served by another machine or by a program: locks and syncs are promises of somebody else. */
const networkTypes = /^(nfs|nfs4|cifs|smb3?|9p|ceph|glusterfs|lustre|afs|beegfs|gpfs|virtiofs|fuse(\..+)?|fuseblk)$/;
/** Longer than a disk of this machine takes by far. */
const slowMs = 2000;

/** Tries what the databases need: writing, syncing, renaming, locking. Leaves nothing behind and never throws. */
export function probeFolder(folder: string, mounts: string = readMounts()): FsProbe {
  const startedAt = performance.now();
  const mount = findMount(realPath(folder), mounts);
  const dir = join(folder, `.probe-${process.pid}`);
  const failures: string[] = [];
  let keepsModes = true;
  const attempt = (what: string, work: () => void): boolean => {
    try {
      work();
      return true;
    } catch (error) {
      failures.push(`${what} failed: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  };
  if (attempt("making a folder", () => mkdirSync(dir, { recursive: true, mode: 0o700 }))) {
    const file = join(dir, "a");
    if (attempt("writing and syncing a file", () => writeSynced(file))) {
      attempt("renaming a file", () => renameSync(file, join(dir, "b")));
      attempt("syncing a folder", () => syncFolder(dir));
      attempt("reading a file back", () => readBack(join(dir, "b")));
      attempt("keeping modes", () => void (keepsModes = modesHold(join(dir, "b"))));
    }
    attempt("locking", () => lockDatabase(join(dir, "lock.db")));
    attempt("removing a file", () => rmSync(dir, { recursive: true, force: true }));
  }
  return {
    folder, mount, isNetwork: mount !== null && networkTypes.test(mount.type), failures, keepsModes,
    freeBytes: freeBytes(folder), tookMs: Math.round(performance.now() - startedAt),
  };
}

/** For the status page. Null: nothing worth saying beyond that it is well. */
export function probeCheck(probe: FsProbe, checkedAt: string): Check {
  const type = probe.mount === null ? "unknown type" : probe.mount.type;
  const base = { id: "volume", label: "Volume", checkedAt };
  if (probe.failures.length > 0) {
    return { ...base, state: "error", detail: `On ${probe.folder} (${type}) ${probe.failures.join("; ")}.`, fix: "Put Isengard's folder on a local disk or on a healthy volume." };
  }
  if (probe.tookMs > slowMs) {
    return { ...base, state: "warning", detail: `${probe.folder} (${type}) needed ${(probe.tookMs / 1000).toFixed(1)} s for a small file.`, fix: "Expect a slow page; a local disk is faster." };
  }
  const network = probe.isNetwork ? " A network volume: no second machine may use this folder at the same time, and photos on it are not encrypted." : "";
  return { ...base, state: "ok", detail: `${probe.folder} (${type}) writes, syncs, renames and locks.${network}`, fix: "" };
}

/** The mount with the longest folder that holds `path`; of two on one folder the later one counts. Source: proc(5). */
export function findMount(path: string, mounts: string): Mount | null {
  let best: Mount | null = null;
  for (const line of mounts.split("\n")) {
    const [device, folder, type, options] = line.split(" ");
    if (device === undefined || folder === undefined || type === undefined || options === undefined) continue;
    const at = folder.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCodePoint(parseInt(octal, 8)));
    const holds = at === "/" || path === at || path.startsWith(`${at}/`);
    if (holds && (best === null || at.length >= best.folder.length)) best = { folder: at, type, device, isReadOnly: options.split(",").includes("ro") };
  }
  return best;
}

function writeSynced(path: string): void {
  const fd = openSync(path, "w", 0o600);
  try {
    writeSync(fd, "isengard");
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function readBack(path: string): void {
  if (readFileSync(path, "utf8") !== "isengard") throw new Error("other bytes came back");
}

function modesHold(path: string): boolean {
  chmodSync(path, 0o600);
  return (statSync(path).mode & 0o077) === 0;
}

function lockDatabase(path: string): void {
  const db = new Database(path, { create: true });
  try {
    db.run("pragma locking_mode = exclusive");
    db.run("create table probe (a)");
  } finally {
    db.close();
  }
}

function freeBytes(folder: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return null; // the volume does not tell
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // not there yet: the failures say so
  }
}

function readMounts(): string {
  try {
    return readFileSync("/proc/mounts", "utf8");
  } catch {
    return ""; // not Linux
  }
}
