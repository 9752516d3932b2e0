import { commonWords } from "./common-words.ts";

const pattern = /^[A-Za-z0-9][A-Za-z0-9_-]{1,49}$/;
const attempts = 1000;

/** Why a word cannot be a trigger word, whoever else uses it; empty when it can. */
export function triggerProblem(word: string): string {
  if (word.length < 2) return "A trigger word has at least 2 characters.";
  if (word.length > 50) return "A trigger word has at most 50 characters.";
  if (!pattern.test(word)) {
    return "A trigger word has only letters A–Z, digits, “-” and “_”, and starts with a letter or a digit.";
  }
  if (/^\d+$/.test(word)) return "A trigger word of digits only would be read as a number. Add letters.";
  if (commonWords.has(word.toLowerCase())) {
    return `“${word}” is a common word that the model already knows, so the person would mix with it. Choose a made-up word.`;
  }
  return "";
}

/**
 * A short made-up word that reminds of the name: "Ada Lovelace" → "adalov" and a digit. The same name and the same
 * taken words give the same answer.
 */
export function suggestFrom(name: string, isTaken: (word: string) => boolean): string {
  const stem = stemOf(name);
  const seed = Number(Bun.hash.xxHash32(name.toLowerCase()));
  for (let attempt = 0; attempt < attempts; attempt++) {
    const word = `${stem}${number(seed, attempt)}`;
    if (triggerProblem(word) === "" && !isTaken(word)) return word;
  }
  return `${stem}${crypto.randomUUID().slice(0, 8)}`;
}

/** The nine digits first, each once; then longer numbers. */
function number(seed: number, attempt: number): number {
  return attempt < 9 ? ((seed + attempt) % 9) + 1 : 10 + ((seed + attempt) % 990);
}

/** 4 to 6 letters from the first two words; letters of other scripts fall back to a hash. */
function stemOf(name: string): string {
  const latin = name.normalize("NFKD").replaceAll(/\p{M}/gu, "").replaceAll("ß", "ss").toLowerCase();
  const words = latin.split(/[^a-z]+/).filter((word) => word !== "");
  const [first = "", second = ""] = words;
  const joined = second === "" ? first.slice(0, 6) : (first.slice(0, 3) + second.slice(0, 6 - Math.min(3, first.length)));
  return joined.length >= 3 ? joined : `${joined}${letters(name, 5)}`.slice(0, 6);
}

function letters(text: string, count: number): string {
  let hash = Number(Bun.hash.xxHash32(text));
  let word = "";
  for (let index = 0; index < count; index++) {
    const set = index % 2 === 0 ? "bdfgklmnprtvz" : "aeiou";
    word += set[hash % set.length];
    hash = Math.floor(hash / set.length) + 7919 * (index + 1);
  }
  return word;
}
