import { expect, test } from "bun:test";
import type { Job } from "../../../server/contract/job.ts";
import { createPromptWalk, earlierPrompts } from "./prompt-history.ts";

const job = (prompt: string, kind = "generation") => ({ kind, request: { prompt } }) as unknown as Job;

test("earlier prompts are those of pictures, newest first and each once", () => {
  expect(earlierPrompts([job("b"), job("a"), job("b"), job("x", "training"), job("")])).toEqual(["b", "a"]);
});

test("a walk goes to the oldest and back to what was typed, and begins anew after a key", () => {
  const walk = createPromptWalk(() => ["b", "a"]);
  expect(walk("typed", 1)).toBe("b");
  expect(walk("b", 1)).toBe("a");
  expect(walk("a", 1)).toBe("a");
  expect(walk("a", -1)).toBe("b");
  expect(walk("b", -1)).toBe("typed");
  expect(walk("typed", -1)).toBe("typed");
  expect(walk("b and more", 1)).toBe("b");
  expect(walk("b", -1)).toBe("b and more");
});

test("without earlier prompts the text stays", () => {
  expect(createPromptWalk(() => [])("typed", 1)).toBe("typed");
});
