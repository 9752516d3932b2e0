import { expect, test } from "bun:test";
import { suggestFrom, triggerProblem } from "./trigger-word.ts";

const free = () => false;

test.each([["a", "2 characters"], ["woman", "common word"], ["Portrait", "common word"], ["ada lovelace", "letters"], ["-ada", "starts"],
  ["ädä", "letters"], ["1234", "number"], ["x".repeat(51), "50"], ["ada\n", "letters"], ["a${b}", "letters"], ["[name]", "letters"]])(
  "%j cannot be a trigger word", (word, why) => {
    expect(triggerProblem(word)).toContain(why);
  });

test.each(["adalov7", "0hwx_ada", "Ada-L", "zx"])("%j can be a trigger word", (word) => {
  expect(triggerProblem(word)).toBe("");
});

test("a suggestion reminds of the name and is the same each time", () => {
  const word = suggestFrom("Ada Lovelace", free);
  expect(word).toMatch(/^adalov\d$/);
  expect(suggestFrom("Ada Lovelace", free)).toBe(word);
});

test.each(["Анна Каренина", "山田太郎", "José Ñandú", "X", "", "🙂", "O’Brien-Smith", "Woman", "x".repeat(5000), "12345"])(
  "the suggestion for %j can be used", (name) => {
    expect(triggerProblem(suggestFrom(name, free))).toBe("");
  });

test("two names in another script get two suggestions", () => {
  expect(suggestFrom("Анна", free)).not.toBe(suggestFrom("Мария", free));
});

test("a taken suggestion is followed by the next one, and there are enough for everyone", () => {
  const taken = new Set<string>();
  for (let person = 0; person < 200; person++) taken.add(suggestFrom("Ada Lovelace", (word) => taken.has(word)));
  expect(taken.size).toBe(200);
});

test.each(["ohwx", "sks", "zwx", "OHWX"])("%s, a rare token that people train with on purpose, is taken", (word) => {
  expect(triggerProblem(word)).toBe("");
});
