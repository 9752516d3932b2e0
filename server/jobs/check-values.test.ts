import { expect, test } from "bun:test";
import type { ParameterSpec } from "../contract/backend.ts";
import { AppError } from "../errors.ts";
import { checkValues, problemOf } from "./check-values.ts";
import { parameters } from "./testing/fake-backends.ts";

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
  const error = errorOf({ steps: 5, optimizer: "sgd", learningRate: "fast", colour: 1 });
  expect(error.code).toBe("invalid_input");
  expect(error.fields?.map((field) => `${field.path} ${field.message}`)).toEqual([
    "values.steps must be at least 10", "values.optimizer must be one of adamw8bit, prodigy", "values.learningRate must be a number",
    "values.colour is not a parameter of this backend",
  ]);
});

test("a parameter that is not available is refused with its reason", () => {
  expect(errorOf({ dora: true })).toMatchObject({ code: "not_supported", why: "AI-Toolkit has no DoRA." });
});

test("types, ranges, steps and lengths are held", () => {
  const spec = (over: Partial<ParameterSpec>): ParameterSpec => ({ ...parameters[0]!, min: undefined, max: undefined, step: undefined, ...over });
  const cases: Array<[Partial<ParameterSpec>, unknown, string | null]> = [
    [{ type: "int" }, 1.5, "must be a whole number"], [{ type: "int" }, Number.NaN, "must be a whole number"],
    [{ type: "int", min: 16, step: 16 }, 40, "must go in steps of 16"], [{ type: "int", min: 16, step: 16 }, 48, null],
    [{ type: "float", max: 1 }, 1.01, "must be at most 1"], [{ type: "float" }, Infinity, "must be a number"],
    [{ type: "float", step: 0.1 }, 0.3, null], [{ type: "bool" }, "true", "must be true or false"],
    [{ type: "string", maxLength: 3 }, "four", "must be at most 3 characters long"], [{ type: "string" }, "a\0b", "holds a character that cannot be used"],
    [{ type: "stringList" }, "one", "must be a list"], [{ type: "stringList", maxLength: 2 }, ["ok", "long"], "entry 2 must be at most 2 characters long"],
    [{ type: "intList", options: [{ value: 512, label: "" }] }, [512, 640], "entry 2 must be one of 512"], [{ type: "intList" }, [1, 2], null],
    [{ type: "stringList" }, Array.from({ length: 101 }, () => "x"), "must have at most 100 entries"],
  ];
  for (const [over, value, problem] of cases) expect(problemOf(spec(over), value)).toBe(problem);
});
