import type { Character } from "../../../server/contract/character.ts";

export type CharacterOrder = "changed" | "name" | "photos";

const collator = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });
const orders: Readonly<Record<Exclude<CharacterOrder, "changed">, (a: Character, b: Character) => number>> = {
  name: (a, b) => collator.compare(a.name, b.name),
  photos: (a, b) => b.photoCount - a.photoCount,
};

/** Those that hold each word of `query`, in `order`; with a query those whose name begins so come first. `list` is in the order of change. */
export function findCharacters(list: readonly Character[], query: string, order: CharacterOrder): Character[] {
  const sorted = order === "changed" ? [...list] : list.toSorted(orders[order]);
  const words = plain(query).split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return sorted;
  const ranked = sorted.map((character) => ({ character, rank: rankOf(character, words) })).filter(({ rank }) => rank > 0);
  return ranked.toSorted((a, b) => b.rank - a.rank).map(({ character }) => character);
}

/** 3: words of the name begin so. 2: the name holds all of it. 1: it stands in trigger word or description. 0: not at all. */
function rankOf({ name, triggerWord, description }: Character, words: readonly string[]): number {
  const text = plain(name);
  const parts = text.split(/[^\p{L}\p{N}]+/u);
  if (words.every((word) => parts.some((part) => part.startsWith(word)))) return 3;
  if (words.every((word) => text.includes(word))) return 2;
  const all = `${text} ${plain(triggerWord)} ${plain(description)}`;
  return words.every((word) => all.includes(word)) ? 1 : 0;
}

/** "muller" finds "Müller". */
function plain(text: string): string {
  return text.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase();
}
