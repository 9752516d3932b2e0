import { lstatSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { AppError } from "../base/errors.ts";
import type { Paths } from "./paths.ts";

/**
 * The one guard before anything is written below `data` or `logs`: somebody may have put a link in the place of one of
 * our folders, and what is written through it lands elsewhere. `data` and `logs` themselves may be links; the person who
 * chose the folder did that. Throws an AppError that names the link. What does not exist yet is made by the writer.
 */
export function assertOwnFolder({ root }: Pick<Paths, "root">, folder: string): void {
  const link = linkOnTheWay(root, folder);
  if (link === null) return;
  throw new AppError("conflict", `Isengard does not write through ${relative(root, link)}.`, {
    why: "That folder of its data was replaced by a link or a file, so what is written would land elsewhere.",
    fix: `Put a real folder in its place. To keep the data on another disk, move all of it and start with --data and that folder.`,
  });
}

/** Whether the folders that lead to a file (relative to the root) are real folders, or not there at all. */
export function isOwnPlace(root: string, file: string): boolean {
  return linkOnTheWay(root, dirname(join(root, file))) === null;
}

function linkOnTheWay(root: string, folder: string): string | null {
  const parts = relative(root, folder).split(sep);
  if (parts[0] === "..") return folder;
  for (let depth = 2; depth <= parts.length; depth++) {
    const path = join(root, ...parts.slice(0, depth));
    const facts = lstatSync(path, { throwIfNoEntry: false });
    if (facts === undefined) return null;
    if (!facts.isDirectory()) return path;
  }
  return null;
}
