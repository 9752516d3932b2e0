import { dirname } from "node:path";

const maxFiles = 20;

/** Product files that lie directly in each folder, the fullest first. */
export function countByFolder(files: readonly string[]): ReadonlyArray<readonly [folder: string, files: number]> {
  const counts = new Map<string, number>();
  for (const file of files) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a);
}

/** A folder is read as a list of ideas; longer ones want rooms. */
export function findFullFolders(files: readonly string[]): string[] {
  return countByFolder(files)
    .filter(([, count]) => count > maxFiles)
    .map(([folder, count]) => `${folder}: ${count} files besides tests; at most ${maxFiles}`);
}
