/** The place of the trigger word in captions and prompts, in the two spellings that people know. */
const placeholder = /\[trigger\]|\{trigger\}/gi;

/** Filled in by Isengard before any tool sees the text. */
export function fillTrigger(text: string, triggerWord: string): string {
  return text.replace(placeholder, () => triggerWord);
}

/** Whether the word stands there as a word of its own, in any script: “ron” is not in “front”. */
export function holdsWord(text: string, word: string): boolean {
  return asWord(word).test(text);
}

/** Each such word in the spelling of the trigger word, which tools compare letter by letter. */
export function spellWord(text: string, word: string): string {
  return text.replaceAll(asWord(word), () => word);
}

function asWord(word: string): RegExp {
  const escaped = word.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return new RegExp(`(?<![\\p{L}\\p{N}_-])${escaped}(?![\\p{L}\\p{N}_-])`, "giu");
}
