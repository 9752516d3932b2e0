/** A user's text as it may stand in the job file, and what was changed, each as a sentence. */
export interface SafeText { readonly text: string; readonly changes: string[] }

/**
 * AI-Toolkit expands `${NAME}` from its environment and `[name]` to the job's name anywhere in the file, and reads
 * `--flags` inside prompts. Text of a user must do none of that.
 */
export function safeText(label: string, given: string): SafeText {
  const changes: string[] = [];
  let text = given.toWellFormed();
  const replace = (pattern: RegExp, by: string, reason: string) => {
    const next = text.replace(pattern, by);
    if (next !== text) changes.push(`${label} was changed before training: ${reason}.`);
    text = next;
  };
  replace(/[\p{Cc}\u2028\u2029]+/gu, " ", "line breaks and control characters became spaces");
  replace(/\$\{/g, "$ {", "“${” would have been filled in from the machine's environment, so a space was put between");
  replace(/\[name\]/g, "(name)", "“[name]” would have been replaced by the job's name, so it got round brackets");
  return { text: text.trim(), changes };
}

/** As `safeText`, and without `--`, which would start an option. */
export function safePrompt(label: string, given: string): SafeText {
  const safe = safeText(label, given);
  const text = safe.text.replace(/-{2,}/g, "—");
  if (text === safe.text) return safe;
  const change = `${label} was changed before training: “--” would have been read as an option, so it became a dash.`;
  return { text, changes: [...safe.changes, change] };
}

/** What in this path makes AI-Toolkit read it as another one; null: nothing. Paths cannot be rewritten, so such a job is refused. */
export function pathIsMisread(path: string): string | null {
  return ["${", "[name]"].find((sign) => path.includes(sign)) ?? null;
}
