import { expect, test } from "bun:test";
import { nearest } from "./nearest.ts";

const known = ["triggerWord", "negativePrompt", "steps", "port", "allowed-hosts"];

test.each([
  ["trigger_word", "triggerWord"],
  ["TRIGGERWORD", "triggerWord"],
  ["trigerWord", "triggerWord"],
  ["negative_prompts", "negativePrompt"],
  ["setps", "steps"],
  ["prot", "port"],
  ["allowed_host", "allowed-hosts"],
  ["colour", null],
  ["", null],
  ["x".repeat(100_000), null],
])("%p was meant to be %p", (word, meant) => {
  expect(nearest(word, known)).toBe(meant);
});
