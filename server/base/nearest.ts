/** How many slips (a letter added, left out, changed, or two exchanged) may lie between a word and the one that was meant. */
const mostSlips = 3;

/**
 * The known word that `word` was probably meant to be, or null when none is near. Case and the signs between words do not count, so that
 * `negative_prompt` finds `negativePrompt`. Words of any length may be given: only those of similar length are compared.
 */
export function nearest(word: string, known: Iterable<string>): string | null {
  const wanted = plain(word.slice(0, 64));
  let best: string | null = null;
  let bestSlips = Math.min(mostSlips, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of known) {
    const slips = slipsBetween(wanted, plain(candidate), bestSlips);
    if (slips >= bestSlips) continue;
    best = candidate;
    bestSlips = slips;
  }
  return best;
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, "");
}

/** Optimal string alignment; anything from `limit` on is answered as `limit`. */
function slipsBetween(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      let slips = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (isSame ? 0 : 1));
      const isExchange = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isExchange) slips = Math.min(slips, before[j - 2]! + 1);
      next.push(slips);
    }
    before = row;
    row = next;
  }
  return Math.min(row[b.length]!, limit);
}
