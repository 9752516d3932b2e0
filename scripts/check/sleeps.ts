/**
 * A wait of a fixed time at the level of a test's own statements: on a slow machine what it hopes for has not happened yet, and "nothing
 * happened" is always true. Inside of a loop that has a condition and a limit, or to spread a load, a short wait is no hope.
 */
const sleep = /^ {2}await (?:Bun\.sleep|pause)\((\d[\d_]*)\);/;

/** Fixed waits of a unit test, each as a problem. A wait of 0 is a turn of the event loop. */
export function findSleeps(file: string, text: string): string[] {
  if (!file.endsWith(".test.ts") || file.startsWith("scripts/")) return [];
  return text.split("\n").flatMap((line, index) => {
    const found = sleep.exec(line);
    return found === null || Number(found[1]!.replaceAll("_", "")) === 0 ? [] : [`${file}:${index + 1}: waits ${found[1]} ms; wait for a condition, or for a round that has ended`];
  });
}
