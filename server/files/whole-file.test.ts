import { afterAll, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../testing/folder.ts";
import { writeWhole } from "./whole-file.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());

test("four processes that write one file at once leave the whole text of one of them, and no part", async () => {
  const path = join(folder.path, "one.json");
  const program = join(folder.path, "writer.ts");
  writeFileSync(program, `
    import { writeWhole } from ${JSON.stringify(join(import.meta.dir, "whole-file.ts"))};
    for (let round = 0; round < 50; round++) writeWhole(process.argv[2], process.argv[3].repeat(20_000 + Number(process.argv[4]) * 1000));
  `);
  const writers = ["a", "b", "c", "d"].map((letter, index) => Bun.spawn([process.execPath, program, path, letter, String(index)], { stderr: "pipe" }));
  for (const writer of writers) expect([await writer.exited, await new Response(writer.stderr).text()]).toEqual([0, ""]);
  const text = readFileSync(path, "utf8");
  expect(new Set(text).size).toBe(1);
  expect(text).toHaveLength(20_000 + "abcd".indexOf(text[0]!) * 1000);
  expect(readdirSync(folder.path).toSorted()).toEqual(["one.json", "writer.ts"]);
});

test("where the name cannot be taken, the error is thrown and no part is left", () => {
  const path = join(folder.path, "taken");
  mkdirSync(join(path, "by a folder"), { recursive: true });
  expect(() => writeWhole(path, "x")).toThrow();
  expect(readdirSync(folder.path).filter((name) => name.endsWith(".part"))).toEqual([]);
});
