import { expect, test } from "bun:test";
import { seededRandom } from "../testing/random.ts";
import { LiteralSearch } from "./literal-search.ts";

const random = seededRandom(17);
const text = (letters: string, length: number) => Array.from({ length }, () => letters[random(letters.length)]).join("");

test("finds a literal exactly where it stands, whatever the literals have in common", () => {
  let hits = 0;
  for (let round = 0; round < 3000; round++) {
    const literals = Array.from({ length: 1 + random(6) }, () => text("aBc-", 1 + random(6)));
    const search = new LiteralSearch(literals);
    for (let each = 0; each < 20; each++) {
      const line = text("AbC-x", random(25));
      const expected = literals.some((literal) => line.toLowerCase().includes(literal.toLowerCase()));
      if (expected) hits += 1;
      expect({ literals, line, found: search.mayOccurIn(line) }).toEqual({ literals, line, found: expected });
    }
  }
  expect(hits).toBeGreaterThan(10_000);
  expect(hits).toBeLessThan(50_000);
});

test("a text with a character beyond ASCII or a hidden mark may hold a literal", () => {
  const search = new LiteralSearch(["token", "pässword"]);
  for (const line of ["to\u212aen", "42%|█", "a\u202eb", "a\x7fb", "pässword"]) expect(search.mayOccurIn(line)).toBe(true);
  expect(search.mayOccurIn("plain \x1b[31mred\0\t~")).toBe(false);
});

test("without literals nothing is found, and an empty literal is none", () => {
  expect(new LiteralSearch([]).mayOccurIn("text")).toBe(false);
  expect(new LiteralSearch([""]).mayOccurIn("text")).toBe(false);
});
