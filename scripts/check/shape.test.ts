import { expect, test } from "bun:test";
import { findLargeClasses, sizesOfClasses } from "./classes.ts";
import { findDeadExports } from "./exports.ts";
import { findFullFolders } from "./folders.ts";
import { findJobSql } from "./job-sql.ts";
import { findSleeps } from "./sleeps.ts";

test("a folder with more than twenty files is named with their number", () => {
  const files = Array.from({ length: 21 }, (_, index) => `server/hall/room-${index}.ts`);
  expect(findFullFolders(files)).toEqual(["server/hall: 21 files besides tests; at most 20"]);
  expect(findFullFolders(files.slice(1))).toEqual([]);
});

test("a value that only its own file uses is no export; a type may stand by what is exported", () => {
  const texts = new Map([
    ["server/a.ts", "export const used = 1;\nexport const alone = 2;\nexport interface Options { a: 1 }\nexport function make(o: Options) {}\nexport type Nobody = 1;\n"],
    ["server/a.test.ts", 'import { used, make } from "./a.ts";\nexport const helper = 1;\n'],
  ]);
  expect(findDeadExports(texts, (file) => !file.endsWith(".test.ts"))).toEqual([
    "server/a.ts: nobody else uses the export alone", "server/a.ts: nobody names the type Nobody",
  ]);
});

test("a fixed wait between the statements of a test is found; one in a loop, and a turn, are not", () => {
  const text = 'test("x", async () => {\n  await Bun.sleep(50);\n  while (!done) await Bun.sleep(5);\n  for (;;) {\n    await Bun.sleep(5);\n  }\n  await Bun.sleep(0);\n});\n';
  expect(findSleeps("server/x.test.ts", text)).toEqual(["server/x.test.ts:2: waits 50 ms; wait for a condition, or for a round that has ended"]);
});

test("members and lines of a class are counted, and only what is both long and many things is too large", () => {
  const body = (members: number, lines: number) => `${Array.from({ length: members }, (_, index) => `  private readonly field${index} = ${index};\n`).join("")}${"    work();\n".repeat(lines - members)}`;
  expect(sizesOfClasses(`export class Small {\n  #a = 1;\n  async run(): Promise<void> {\n  }\n}\n`)).toEqual([{ name: "Small", lines: 3, members: 2 }]);
  expect(findLargeClasses("server/x.ts", `class Hall {\n${body(21, 201)}}\n`)).toEqual(["server/x.ts: the class Hall has 21 members in 201 lines; at most 20 members or 200 lines"]);
  expect(findLargeClasses("server/x.ts", `class Long {\n${body(20, 300)}}\nclass Wide {\n${body(40, 60)}}\n`)).toEqual([]);
});

test("SQL on the tables of jobs is found outside of their store; words about jobs are not SQL", () => {
  const text = 'const n = db.query("select 1 from job where id = ?");\n  `select a\n    from job_event as e`\n// taken from job to job\n';
  expect(findJobSql("server/library/x.ts", text)).toEqual([
    "server/library/x.ts:1: SQL on the tables of jobs belongs into server/jobs/store/", "server/library/x.ts:3: SQL on the tables of jobs belongs into server/jobs/store/",
  ]);
  expect(findJobSql("server/jobs/store/x.ts", text)).toEqual([]);
});
