import type { Job } from "../../../server/contract/job.ts";
import { promptOf } from "../jobs/JobsModel.ts";

/** What was asked for before, newest first and each once. */
export function earlierPrompts(jobs: readonly Job[]): string[] {
  return [...new Set(jobs.filter((job) => job.kind === "generation").map(promptOf).filter((prompt) => prompt !== ""))];
}

/**
 * Walks from the text in the box to earlier ones (1) and back (-1), as a shell does; before the first stands what was typed.
 * A walk begins anew when the text is not the one that it came to.
 */
export function createPromptWalk(earlier: () => readonly string[]): (typed: string, step: 1 | -1) => string {
  let walk: { readonly texts: readonly string[]; at: number } | null = null;
  return (typed, step) => {
    if (walk?.texts[walk.at] !== typed) walk = { texts: [typed, ...earlier().filter((prompt) => prompt !== typed)], at: 0 };
    walk.at = Math.min(Math.max(walk.at + step, 0), walk.texts.length - 1);
    return walk.texts[walk.at]!;
  };
}
