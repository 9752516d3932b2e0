/**
 * Signs in a path that the tools take for something else. AI-Toolkit replaces `${NAME}` and `[name]` anywhere in its job file and looks
 * for checkpoints with a pattern, in which `[…]`, `*` and `?` stand for other letters; ComfyUI replaces `$NAME` in its list of
 * folders. Nothing can be escaped in either.
 */
const misread: ReadonlyArray<readonly [pattern: RegExp, what: string]> = [
  [/\$\{/, "${…}, which AI-Toolkit replaces by a variable"],
  [/\$\w/, "a word after $, which ComfyUI replaces by a variable"],
  [/\[name\]/i, "[name], which AI-Toolkit replaces by the name of the job"],
  [/[[\]*?]/, "one of [ ] * ?, which AI-Toolkit takes for a pattern when it looks for checkpoints"],
];

/** Why AI-Toolkit or ComfyUI would read `path` as another one; null when they read it as it is. */
export function misreadByTools(path: string): string | null {
  const found = misread.find(([pattern]) => pattern.test(path));
  return found === undefined ? null : `The path ${path} contains ${found[1]}.`;
}

/** What helps against `misreadByTools`. */
export const misreadFix = "Stop Isengard, rename or move the folder, and start it there again (--data FOLDER).";
