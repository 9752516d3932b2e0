import { join } from "node:path";

/**
 * docs/faults.md names the test of every fault; the tests carry the numbers of their faults in front of their titles ("F02, F03: …").
 * `bun scripts/check/fault-table.ts` writes the column of tests anew; scripts/check.ts refuses a table that differs from the tree.
 */
const root = join(import.meta.dir, "../..");
const tableFile = join(root, "docs/faults.md");
const testColumn = 4;
/** F68 and F69 need Redis and remote workers, which Isengard does not have. */
const expected = Array.from({ length: 70 }, (_, index) => `F${String(index + 1).padStart(2, "0")}`).filter((number) => number !== "F68" && number !== "F69");
/** The reason stands in the list below the table. */
const notInjected = "not injected";

export const faultTests = () => numberedTests(/^F\d\d$/);

/** The tests of each number, as they stand in a table. Parts of a title that are computed are written as "…". */
export async function numberedTests(wanted: RegExp): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  const files = [...new Bun.Glob("{server,plugins,ui,scripts}/**/*.test.ts").scanSync(root)].sort();
  for (const file of files) {
    const text = await Bun.file(join(root, file)).text();
    for (const [, , numbers, title] of text.matchAll(/(["`])((?:[A-Z]\d+, )*[A-Z]\d+): ((?:(?!\1)[^\n]|\\.)*)\1/g)) {
      for (const number of numbers!.split(", ").filter((each) => wanted.test(each))) {
        found.set(number, [...(found.get(number) ?? []), `\`${file}\`: ${title!.replaceAll(/\$\{[^}]*\}/g, "…").replaceAll("|", "/")}`]);
      }
    }
  }
  return found;
}

/** What is wrong with the table; empty when it says what the tree has. */
export async function checkFaultTable(): Promise<string[]> {
  const tests = await faultTests();
  const text = await Bun.file(tableFile).text();
  const rows = rowsOf(text);
  const problems = [...tests.keys()].filter((number) => !expected.includes(number)).map((number) => `a test is numbered ${number}, which is no fault of docs/faults.md`);
  for (const number of expected) {
    const row = rows.get(number);
    const wanted = tests.get(number) ?? [];
    if (row === undefined) problems.push(`docs/faults.md has no row ${number}`);
    else if (row[testColumn]!.trim() !== cellOf(wanted)) problems.push(`docs/faults.md: the tests of ${number} are not those of the tree; run bun scripts/check/fault-table.ts`);
    else if (wanted.length === 0 && !text.includes(`\n- ${number}: `)) problems.push(`docs/faults.md: ${number} has neither a test nor a reason in the list ("- ${number}: …")`);
    else if (wanted.length > 0 && text.includes(`\n- ${number}: `)) problems.push(`docs/faults.md: ${number} has a test and a reason why it has none`);
  }
  return problems;
}

const cellOf = (tests: readonly string[]) => tests.length === 0 ? notInjected : tests.join("<br>");

function rowsOf(text: string): Map<string, string[]> {
  const rows = text.split("\n").filter((line) => /^\| F\d\d \|/.test(line)).map((line) => line.split("|"));
  return new Map(rows.map((cells) => [cells[1]!.trim(), cells]));
}

if (import.meta.main) {
  const tests = await faultTests();
  const text = await Bun.file(tableFile).text();
  const isObsolete = (line: string) => tests.has(/^- (F\d\d): /.exec(line)?.[1] ?? "");
  const lines = text.split("\n").filter((line) => !isObsolete(line)).map((line) => {
    const number = /^\| (F\d\d) \|/.exec(line)?.[1];
    if (number === undefined) return line;
    const cells = line.split("|");
    cells[testColumn] = ` ${cellOf(tests.get(number) ?? [])} `;
    return cells.join("|");
  });
  await Bun.write(tableFile, lines.join("\n"));
  console.log(`${expected.filter((number) => tests.has(number)).length} of ${expected.length} faults have a test`);
}
