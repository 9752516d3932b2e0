/**
 * Nothing inside may wait without a limit (promise Q22): a request carries a signal that ends it, a program that is started
 * has a timeout. What waits for as long as the other side lives stands here with what ends it instead.
 */
const reviewed: ReadonlyArray<readonly [file: string, call: string, why: string]> = [
  ["server/process/pty.ts", "Bun.spawn", "the child itself; it works for hours, is watched for signs of life and ended by the stop ladder"],
  ["server/process/launch.ts", "Bun.spawn", "the holder lives as long as its child; its start has a limit, and so has its end (watchEnd)"],
  ["server/system/probe-run.ts", "Bun.spawn", "ended with its group at the deadline that its caller gives"],
  ["server/roles/init.ts", "Bun.spawn", "the server lives as long as it likes; its end after a signal has a limit"],
  ["server/roles/browser.ts", "Bun.spawn", "nobody waits for it"],
  ["server/roles/on-hold/assets.ts", "fetch", "text of a page: the browser asks, and a person looks on"],
];

/** Calls that wait for something outside, and what has to stand in their arguments. */
const rules: ReadonlyArray<readonly [call: string, start: RegExp, limit: RegExp, advice: string]> = [
  ["fetch", /(?<![.\w#])fetch\(/g, /\bsignal\b/, "give it a signal with a limit"],
  ["Bun.spawn", /\bBun\.spawn(?:Sync)?\(/g, /\btimeout\b/, "give it a timeout"],
];

/** Calls in a product file that may wait for ever, each as a problem. */
export function findEndlessWaits(file: string, text: string): string[] {
  if (!/^(server|plugins)\//.test(file) || file.includes("/simulator/")) return [];
  return rules.flatMap(([call, start, limit, advice]) => [...text.matchAll(start)].flatMap((found) => {
    const given = argumentsAt(text, found.index + found[0].length);
    if (limit.test(given) || reviewed.some(([known, its]) => known === file && its === call)) return [];
    const line = text.slice(0, found.index).split("\n").length;
    return [`${file}:${line}: ${call} may wait for ever; ${advice}, or say in scripts/check/waits.ts what ends it`];
  }));
}

/** Entries of the list that no file needs any more. */
export function findObsoleteReviews(texts: ReadonlyMap<string, string>): string[] {
  return reviewed.filter(([file, call]) => !texts.get(file)?.includes(`${call}(`)).map(([file, call]) => `scripts/check/waits.ts names ${call} in ${file}, which is not there`);
}

function argumentsAt(text: string, from: number): string {
  let depth = 1;
  let at = from;
  for (; at < text.length && depth > 0; at++) {
    if (text[at] === "(") depth++;
    else if (text[at] === ")") depth--;
  }
  return text.slice(from, at);
}
