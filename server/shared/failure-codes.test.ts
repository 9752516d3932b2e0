import { expect, test } from "bun:test";
import { failureClassOf, failureCodes } from "./failure-codes.ts";

test("a class of another version, and a name that every object has, wait for a person and get a log to send", () => {
  for (const code of ["of_a_later_version", "toString", "__proto__"]) expect(failureClassOf(code)).toEqual({ remedy: "unknown" });
});

test("what is tried again by itself says because of what, as the end of a sentence", () => {
  const because = Object.values(failureCodes).flatMap((entry) => ("rule" in entry && entry.rule.kind === "retry" ? [entry.rule.because] : []));
  expect(because.length).toBeGreaterThan(5);
  for (const words of because) expect(words).toMatch(/^[a-z][\w ]+[^.]$/);
});
