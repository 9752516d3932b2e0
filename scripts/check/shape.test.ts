import { expect, test } from "bun:test";
import { findDeadExports } from "./exports.ts";
import { findFullFolders } from "./folders.ts";
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
