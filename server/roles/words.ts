/** The value of one option that belongs to a command (empty when it has none), and the words that are left for the settings. */
export function takeOption(words: readonly string[], option: string): { value: string | null; rest: string[] } {
  const at = words.findIndex((word) => word === option || word.startsWith(`${option}=`));
  if (at < 0) return { value: null, rest: [...words] };
  const inline = words[at]!.startsWith(`${option}=`);
  const value = inline ? words[at]!.slice(option.length + 1) : (words[at + 1]?.startsWith("--") === false ? words[at + 1]! : "");
  return { value, rest: words.filter((_, index) => index !== at && (inline || value === "" || index !== at + 1)) };
}

/** The first word, which is what the command is about; options come after it. */
export function takeWord(words: readonly string[]): { word: string | null; rest: string[] } {
  const [first, ...rest] = words;
  return first === undefined || first.startsWith("--") ? { word: null, rest: [...words] } : { word: first, rest };
}
