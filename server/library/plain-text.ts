/**
 * Text of a person as it is stored: well-formed, without control characters (they break terminals, file names and
 * SQLite's length), trimmed. Line breaks survive only where `lines` is true.
 */
export function plainText(text: string, options: { lines?: boolean } = {}): string {
  const formed = text.toWellFormed().replaceAll(/\r\n?/g, "\n");
  return formed.replaceAll(options.lines ? unwantedInLines : unwanted, " ").trim();
}

/** Control characters, and the marks that turn the direction of text around. */
const unwanted = /\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu;
const unwantedInLines = /(?!\n)\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu;

/** A file name for display: no folders, at most 200 characters, never empty. */
export function displayName(name: string): string {
  const base = plainText(name).split(/[/\\]/).at(-1)!.trim();
  return base === "" ? "unnamed" : base.slice(0, 200).toWellFormed();
}
