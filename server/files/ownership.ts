import { lstatSync, readFileSync, type Stats, statSync } from "node:fs";
import { dirname } from "node:path";

/** Who runs this program, and which group only this account is in. */
export interface Account {
  readonly uid: number;
  readonly name: string;
  /** Whether what the group may write is still the account's alone. */
  isPrivateGroup(gid: number): boolean;
}

/** Mode bits of a folder or file that others than its owner may write to. */
const groupWrites = 0o020;
const othersWrite = 0o002;
const sticky = 0o1000;

/**
 * Why another user may have put something into `path`, as a sentence; null when only this account may. A missing path is nobody's:
 * null. A link is judged by what it leads to and by who made it.
 */
export function strangerMayWrite(path: string, account: Account): string | null {
  const link = lstat(path);
  if (link === null) return null;
  const target = link.isSymbolicLink() ? stat(path) : link;
  for (const stats of target === null ? [link] : [link, target]) {
    if (stats.uid !== account.uid) return `It belongs to ${nameOf(stats.uid)}, and ${account.name} runs Isengard.`;
  }
  return target === null ? null : strangerMayWriteBits(target, account);
}

function strangerMayWriteBits(stats: Stats, account: Account): string | null {
  if ((stats.mode & othersWrite) !== 0) return "Every user of this machine may write to it.";
  if ((stats.mode & groupWrites) !== 0 && !account.isPrivateGroup(stats.gid)) return `All of the group ${groupName(stats.gid)} may write to it.`;
  return null;
}

/** The first folder above `path` in which any user could put another folder in its place; null when there is none. */
export function openParent(path: string): string | null {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const mode = stat(folder)?.mode ?? 0;
    if ((mode & othersWrite) !== 0 && (mode & sticky) === 0) return folder;
    if (folder === dirname(folder)) return null;
  }
}

export function thisAccount(): Account {
  const uid = process.getuid?.() ?? 0;
  // A name is needed for a refusal only: a start that finds nothing wrong reads no list of accounts.
  return { uid, get name() { return nameOf(uid); }, isPrivateGroup: (gid) => isPrivateGroup(gid, uid) };
}

/**
 * A private group has the account as its only member (as Debian and Fedora make one for each user). Accounts without a shell are
 * services that do not log in and do not count.
 */
function isPrivateGroup(gid: number, uid: number): boolean {
  const own = accounts().find((account) => account.uid === uid);
  if (own === undefined) return gid === process.getgid?.() && gid === uid;
  if (own.gid !== gid) return false;
  const others = accounts().filter((account) => account.uid !== uid && account.gid === gid && account.hasShell);
  const members = groups().find((group) => group.gid === gid)?.members ?? [];
  return others.length === 0 && members.every((member) => member === own.name);
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly hasShell: boolean;
}

function accounts(): PasswdEntry[] {
  return entries("/etc/passwd").map(([name = "", , uid, gid, , , shell = ""]) => ({
    name, uid: Number(uid), gid: Number(gid), hasShell: /\/(ba|da|z|k|c|tc|fi|a)?sh$/.test(shell),
  }));
}

function groups(): Array<{ name: string; gid: number; members: string[] }> {
  return entries("/etc/group").map(([name = "", , gid, members = ""]) => ({
    name, gid: Number(gid), members: members.split(",").filter((member) => member !== ""),
  }));
}

function entries(file: string): string[][] {
  try {
    return readFileSync(file, "utf8").split("\n").filter((line) => line !== "").map((line) => line.split(":"));
  } catch {
    return []; // a container without accounts: numbers are all there is
  }
}

function nameOf(uid: number): string {
  const name = accounts().find((account) => account.uid === uid)?.name;
  return name === undefined ? `the user with the number ${uid}` : `the user ${name}`;
}

function groupName(gid: number): string {
  return groups().find((group) => group.gid === gid)?.name ?? String(gid);
}

function lstat(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null;
}

function stat(path: string): Stats | null {
  return statSync(path, { throwIfNoEntry: false }) ?? null;
}
