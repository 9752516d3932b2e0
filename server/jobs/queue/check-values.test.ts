import { expect, test } from "bun:test";
import { AppError } from "../../base/errors.ts";
import { checkValues } from "./check-values.ts";
import { parameters } from "../testing/fake-backends.ts";

function errorOf(asked: Record<string, unknown>): AppError {
  try {
    checkValues(parameters, {}, asked);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error("the values were accepted");
}

test("what is asked for wins over the preset, and the preset over the default", () => {
  expect(checkValues(parameters, { steps: 200, dora: true }, { optimizer: "prodigy" })).toEqual({
    steps: 200, learningRate: 0.0001, optimizer: "prodigy", samplePrompts: [],
  });
});

test("every wrong field is named at once", () => {
  const error = errorOf({ steps: 5, optimizer: "sgd", learningRate: "fast", optimiser: 1 });
  expect(error.code).toBe("invalid_input");
  expect(error.fields?.map((field) => `${field.path} ${field.message}`)).toEqual([
    "values.steps Choose 10 or more.", "values.optimizer Choose one of adamw8bit, prodigy.", "values.learningRate Enter a number.",
    "values.optimiser It is not known here; did you mean optimizer?",
  ]);
});

test("a parameter that is not available is refused with its reason", () => {
  expect(errorOf({ dora: true })).toMatchObject({ code: "not_supported", why: "AI-Toolkit has no DoRA." });
});

test("however many are wrong, a handful is named", () => {
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`field${index}`, index]));
  expect(errorOf(many).fields).toHaveLength(5);
});
