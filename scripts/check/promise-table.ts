import { join } from "node:path";
import { numberedTests } from "./fault-table.ts";

/**
 * docs/promises.md names the tests of every promise of the queue (Q) and of the looking after child programs (P); the tests
 * carry the numbers in front of their titles ("Q7, P2: …"). `bun scripts/check/promise-table.ts` writes the column of tests anew;
 * scripts/check.ts refuses a table that differs from the tree.
 */
const tableFile = join(import.meta.dir, "../../docs/promises.md");
const testColumn = 3;
const limitColumn = 4;
const numbers = (letter: string, count: number) => Array.from({ length: count }, (_, index) => `${letter}${index + 1}`);
const expected = [...numbers("Q", 25), ...numbers("P", 23)];

const promiseTests = () => numberedTests(/^[QP]\d+$/);

/** What is wrong with the table; empty when it says what the tree has. */
export async function checkPromiseTable(): Promise<string[]> {
  const tests = await promiseTests();
  const rows = rowsOf(await Bun.file(tableFile).text());
  const unknown = [...tests.keys(), ...rows.keys()].filter((number) => !expected.includes(number));
  const problems = unknown.map((number) => `${number} is no promise that docs/promises.md may hold`);
  for (const number of expected) {
    const row = rows.get(number);
    const wanted = tests.get(number) ?? [];
    if (row === undefined) problems.push(`docs/promises.md has no row ${number}`);
    else if (row[testColumn]!.trim() !== wanted.join("<br>")) problems.push(`docs/promises.md: the tests of ${number} are not those of the tree; run bun scripts/check/promise-table.ts`);
    else if (wanted.length === 0 && row[limitColumn]!.trim() === "") problems.push(`docs/promises.md: ${number} has neither a test nor a reason why it has none`);
  }
  return problems;
}

function rowsOf(text: string): Map<string, string[]> {
  const rows = text.split("\n").filter((line) => /^\| [QP]\d+ \|/.test(line)).map((line) => line.split("|"));
  return new Map(rows.map((cells) => [cells[1]!.trim(), cells]));
}

if (import.meta.main) {
  const tests = await promiseTests();
  const text = await Bun.file(tableFile).text();
  const lines = text.split("\n").map((line) => {
    const number = /^\| ([QP]\d+) \|/.exec(line)?.[1];
    if (number === undefined) return line;
    const cells = line.split("|");
    cells[testColumn] = ` ${(tests.get(number) ?? []).join("<br>")} `;
    return cells.join("|");
  });
  await Bun.write(tableFile, lines.join("\n"));
  console.log(`${expected.filter((number) => tests.has(number)).length} of ${expected.length} promises have a test`);
}
