import type { JobKind } from "../contract/job.ts";

/**
 * Signs in a path that the tools take for something else. AI-Toolkit replaces `${NAME}` and `[name]` anywhere in its job file and looks
 * for checkpoints with a pattern, in which `[…]`, `*` and `?` stand for other letters; ComfyUI replaces `$NAME` in its list of
 * folders. Nothing can be escaped in either.
 */
const misread: ReadonlyArray<readonly [pattern: RegExp, what: string, breaks: readonly JobKind[]]> = [
  [/\$\{/, "${…}, which AI-Toolkit and ComfyUI replace by a variable", ["training", "generation"]],
  [/\$\w/, "a word after $, which ComfyUI replaces by a variable", ["generation"]],
  [/\[name\]/i, "[name], which AI-Toolkit replaces by the name of the job", ["training"]],
  [/[[\]*?]/, "one of [ ] * ?, which AI-Toolkit takes for a pattern when it looks for checkpoints", ["training"]],
];

/** Why the tool for work of this kind, or any of them, would read `path` as another one; null when it is read as it is. */
export function misreadByTools(path: string, kind?: JobKind): string | null {
  const found = misread.find(([pattern, , breaks]) => (kind === undefined || breaks.includes(kind)) && pattern.test(path));
  return found === undefined ? null : `The path ${path} contains ${found[1]}.`;
}

/** What helps against `misreadByTools`. */
export const misreadFix = "Stop Isengard, rename or move the folder, and start it there again (--data FOLDER).";
