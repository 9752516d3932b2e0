import { expect, test } from "bun:test";
import { parameterProblem, type ParameterRange } from "./parameter-check.ts";

const sizes: ParameterRange = { type: "intList", options: [{ value: 512 }, { value: 768 }] };

test.each<[range: ParameterRange, value: unknown, problem: string]>([
  [{ type: "int" }, 1.5, "Enter a whole number."], [{ type: "int" }, Number.NaN, "Enter a number."], [{ type: "int" }, "7", "Enter a number."], [{ type: "int" }, 2 ** 53, "Enter a whole number."],
  [{ type: "int", min: 10 }, 9, "Choose 10 or more."], [{ type: "int", max: 10 }, 11, "Choose 10 or less."], [{ type: "int", min: 10, max: 10 }, 10, ""],
  [{ type: "int", min: 16, step: 16 }, 40, "Choose 32 or 48."], [{ type: "int", min: 16, max: 45, step: 16 }, 40, "Choose 32."], [{ type: "int", min: 16, step: 16 }, 48, ""],
  [{ type: "float", max: 1 }, 1.01, "Choose 1 or less."], [{ type: "float" }, Infinity, "Enter a number."], [{ type: "float", step: 0.1 }, 0.33, ""], [{ type: "float" }, null, "Enter a number."],
  [{ type: "bool" }, "true", "Choose yes or no (true or false)."], [{ type: "bool" }, false, ""],
  [{ type: "enum", options: [{ value: "a" }, { value: "b" }] }, "c", "Choose one of a, b."], [{ type: "enum", options: [{ value: "a" }] }, ["a"], "Choose one of a."],
  [{ type: "string", maxLength: 3 }, "four", "Use at most 3 characters."], [{ type: "string" }, "a\0b", "Remove the character that cannot be used."], [{ type: "string" }, 1, "Enter a text."],
  [{ type: "stringList" }, "one", "Send a list."], [{ type: "stringList", maxLength: 2 }, ["ok", "long"], "Entry 2: Use at most 2 characters."],
  [{ type: "stringList" }, ["ok", "  "], "Entry 2: Write something, or remove it."], [{ type: "stringList" }, [null], "Entry 1: Enter a text."], [{ type: "stringList" }, [], ""],
  [{ type: "stringList" }, Array.from({ length: 101 }, () => "x"), "Use at most 100 entries."],
  [sizes, [512, 640], "Entry 2: Choose one of 512, 768."], [sizes, [], "Choose at least one."], [sizes, [512, 512], "Choose each only once."], [sizes, ["512"], "Entry 1: Enter a number."],
  [sizes, [null, null], "Entry 1: Enter a number."], [sizes, 512, "Send a list."], [sizes, [768, 512], ""],
])("what %j allows is told alike everywhere: %j", (range, value, problem) => {
  expect(parameterProblem(range, value)).toBe(problem);
});
