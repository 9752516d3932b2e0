/**
 * Text of a person as it is stored: well-formed (half a character becomes U+FFFD), in the composed form (NFC), without control
 * characters (they break terminals, file names and SQLite's length) and without marks that turn the direction of text around:
 * each of them becomes a blank. Trimmed. Line breaks survive only where `lines` is true.
 */
export function plainText(text: string, options: { lines?: boolean } = {}): string {
  if (isPlain.test(text)) return text.trim();
  const formed = text.toWellFormed().replaceAll(/\r\n?/g, "\n").normalize("NFC");
  return formed.replaceAll(options.lines ? unwantedInLines : unwanted, " ").trim();
}

/** Most texts are: nothing in them could need cleaning. */
const isPlain = /^[ -~]*$/;
/** Control characters, and the marks that turn the direction of text around. */
const unwanted = /\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu;
const unwantedInLines = /(?!\n)\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu;

/** A file name for display: no folders, at most 200 characters, never empty. */
export function displayName(name: string): string {
  const base = plainText(name).split(/[/\\]/).at(-1)!.trim();
  return base === "" ? "unnamed" : base.slice(0, 200).toWellFormed();
}
