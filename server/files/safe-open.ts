import { lstatSync, realpathSync } from "node:fs";
import { isAbsolute, join, sep } from "node:path";
import type { BunFile } from "bun";

/**
 * The one place that opens a file for a request. `name` is made by the server and only looked up by the request's id;
 * still it is checked as if a stranger had written it: below `root`, no symbolic link on the way, a regular file.
 * Null for anything else, so that a missing and a forbidden file look the same.
 */
export function safeOpen(root: string, name: string): BunFile | null {
  const path = insideOf(root, name);
  return path === null ? null : Bun.file(path);
}

/** The real path of a regular file below `root`, or null. */
export function insideOf(root: string, name: string): string | null {
  if (!isPlainName(name)) return null;
  try {
    const expected = join(realpathSync(root), name);
    if (!lstatSync(expected).isFile()) return null;
    return realpathSync(expected) === expected ? expected : null;
  } catch {
    // Missing, unreadable or a loop of links: all the same to a request.
    return null;
  }
}

const nameLimit = 1024;

function isPlainName(name: string): boolean {
  if (name === "" || name.length > nameLimit || isAbsolute(name) || name.includes("\0") || name.includes("\\")) return false;
  return name.split("/").every((part) => part !== "" && part !== "." && part !== "..") && !name.endsWith(sep);
}
