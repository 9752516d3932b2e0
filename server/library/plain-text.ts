/**
 * Text of a person as it is stored: well-formed, without control characters (they break terminals, file names and
 * SQLite's length), trimmed. Line breaks survive only where `lines` is true.
 */
export function plainText(text: string, options: { lines?: boolean } = {}): string {
  const formed = text.toWellFormed().replaceAll(/\r\n?/g, "\n");
  const unwanted = options.lines ? /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g : /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;
  return formed.replaceAll(unwanted, " ").trim();
}

/** A file name for display: no folders, at most 200 characters, never empty. */
export function displayName(name: string): string {
  const base = plainText(name).split(/[/\\]/).at(-1)!.trim();
  return base === "" ? "unnamed" : base.slice(0, 200).toWellFormed();
}
