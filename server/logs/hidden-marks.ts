/** Controls of 8-bit terminals and marks that turn the direction of text around: nobody sees them, and they change what is seen. */
const hidden = /[\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/** Names each of them by its number, so that a log shows what was really printed. */
export function showHiddenMarks(text: string): string {
  if (text.search(hidden) < 0) return text;
  return text.replace(hidden, (mark) => `⟨U+${mark.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
}
