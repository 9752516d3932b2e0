import { expect, test } from "bun:test";
import { jsonProblem, readUtf8 } from "./json-text.ts";
import { seededRandom } from "../testing/random.ts";

test.each([
  ['{"a":1,}', 1, 8, "a comma before }"],
  ['{"a":1 // no\n}', 1, 8, "no comments"],
  ['# first\n{}', 1, 1, "no comments"],
  ['{\n  "a": 1\n  "b": 2\n}', 3, 3, "a comma or }"],
  ["", 1, 1, "nothing in it"],
  [" \n ", 2, 2, "nothing in it"],
  ["{'a':1}", 1, 2, "a name in double quotes"],
  ["{a:1}", 1, 2, "a name in double quotes"],
  ['{"a":True}', 1, 6, "True is written true"],
  ["{\"a\":'x'}", 1, 6, "double quotes, not in single"],
  ['{"a":01}', 1, 6, '"01" is no value'],
  ['{"a":NaN}', 1, 6, "is no value"],
  ['{"a":"C:\\data"}', 1, 6, "a plain backslash"],
  ['{"a":"x\ny"}', 1, 8, "line break"],
  ['{"a":"x', 1, 6, "closing quote"],
  ['{"a":1', 1, 7, "closing } is missing"],
  ['{"a":', 1, 6, "ends in the middle"],
  ['{"a" 1}', 1, 6, "a colon is expected"],
  ['{"a":1} {}', 1, 9, "more after the end"],
  ['{"a":1,"a":2}', 1, 8, "twice"],
  [`${"[".repeat(100)}${"]".repeat(100)}`, 1, 66, "nested deeper"],
])("%p is refused with its place and reason", (text, line, column, why) => {
  const problem = jsonProblem(text)!;
  expect([problem.line, problem.column]).toEqual([line, column]);
  expect(problem.why).toContain(why);
});

test("it accepts and refuses what JSON.parse does, for 20,000 broken and whole texts", () => {
  const random = seededRandom(7);
  const whole = '{"mode":"fast-test","port":8720,"list":[1,-2.5e3,true,null,{"deep":["\\u00e9\\n"]}],"x":""}';
  const signs = '{}[]",:\\ntf0123456789eE+-. \u00e9\u0000';
  for (let round = 0; round < 20_000; round++) {
    const at = random(whole.length);
    const sign = signs[random(signs.length)]!;
    const text = whole.slice(0, at) + (random(2) === 0 ? sign : "") + whole.slice(at + random(2));
    let parses = true;
    try {
      JSON.parse(text);
    } catch {
      parses = false;
    }
    const problem = jsonProblem(text);
    if (problem?.why.includes("twice") === true) continue;
    expect([text, problem === null]).toEqual([text, parses]);
  }
});

test.each([
  [[0xef, 0xbb, 0xbf, 0x7b, 0x7d], "byte order mark"],
  [[0xff, 0xfe, 0x7b, 0, 0x7d, 0], "UTF-16"],
  [[0x7b, 0, 0x7d, 0], "UTF-16"],
  [[0, 0x7b, 0, 0x7d], "UTF-16"],
  [[0x7b, 0x22, 0xeb, 0x22], "Latin-1"],
])("bytes %p are named by their encoding", (bytes, words) => {
  const read = readUtf8(Uint8Array.from(bytes));
  expect("problem" in read ? read.problem : "").toContain(words);
});
