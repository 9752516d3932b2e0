import type { ParameterSpec, ParameterValues } from "../contract/backend.ts";
import { AppError } from "../errors.ts";

const longestList = 100;
const longestText = 2000;
/** A value may lie this far beside the grid of its step: decimals are not exact. */
const gridTolerance = 1e-6;

/**
 * Every supported parameter with a value: the default, over it the preset, over it what was asked for. Throws
 * `not_supported` for a parameter that is shown but not available, `invalid_input` with each field that is wrong.
 */
export function checkValues(specs: readonly ParameterSpec[], preset: ParameterValues, asked: ParameterValues): ParameterValues {
  refuseUnsupported(specs, asked);
  const fields = Object.entries(asked).flatMap(([name, value]) => {
    const spec = specs.find((candidate) => candidate.name === name);
    const message = spec === undefined ? "is not a parameter of this backend" : problemOf(spec, value);
    return message === null ? [] : [{ path: `values.${name}`, message }];
  });
  if (fields.length > 0) {
    throw new AppError("invalid_input", `These settings cannot be used: ${fields.map((field) => field.path.slice(7)).join(", ")}.`, {
      why: fields.map((field) => `${field.path.slice(7)} ${field.message}`).join("; ") + ".", fields,
    });
  }
  const values: ParameterValues = {};
  for (const spec of specs) {
    if (spec.supported) values[spec.name] = asked[spec.name] ?? preset[spec.name] ?? spec.default;
  }
  return values;
}

function refuseUnsupported(specs: readonly ParameterSpec[], asked: ParameterValues): void {
  const spec = specs.find((candidate) => !candidate.supported && Object.hasOwn(asked, candidate.name));
  if (spec === undefined) return;
  throw new AppError("not_supported", `${spec.label} cannot be set here.`, {
    why: spec.reason ?? "The backend does not support it.",
    fields: [{ path: `values.${spec.name}`, message: spec.reason ?? "is not supported" }],
  });
}

/** What is wrong with a value, as words that follow its name; null: nothing. */
export function problemOf(spec: ParameterSpec, value: unknown): string | null {
  switch (spec.type) {
    case "int":
      return Number.isSafeInteger(value) ? problemOfNumber(spec, value as number) : "must be a whole number";
    case "float":
      return typeof value === "number" && Number.isFinite(value) ? problemOfNumber(spec, value) : "must be a number";
    case "bool":
      return typeof value === "boolean" ? null : "must be true or false";
    case "enum":
      return problemOfOption(spec, value);
    case "string":
      return typeof value === "string" ? problemOfText(spec, value) : "must be text";
    case "stringList":
      return problemOfList(value, (item) => (typeof item === "string" ? problemOfText(spec, item) ?? problemOfOption(spec, item) : "must be text"));
    case "intList":
      return problemOfList(value, (item) =>
        Number.isSafeInteger(item) ? problemOfNumber(spec, item as number) ?? problemOfOption(spec, item) : "must be a whole number");
  }
}

function problemOfNumber(spec: ParameterSpec, value: number): string | null {
  if (spec.min !== undefined && value < spec.min) return `must be at least ${spec.min}`;
  if (spec.max !== undefined && value > spec.max) return `must be at most ${spec.max}`;
  if (spec.step !== undefined && spec.step > 0) {
    const steps = (value - (spec.min ?? 0)) / spec.step;
    // Only whole numbers are held to their grid: the step of a decimal is how the form counts, not a limit of the engine.
    if (spec.type !== "float" && Math.abs(steps - Math.round(steps)) > gridTolerance) return `must go in steps of ${spec.step}`;
  }
  return null;
}

function problemOfText(spec: ParameterSpec, value: string): string | null {
  const limit = spec.maxLength ?? longestText;
  if (value.length > limit) return `must be at most ${limit} characters long`;
  return value.includes("\0") ? "holds a character that cannot be used" : null;
}

function problemOfOption(spec: ParameterSpec, value: unknown): string | null {
  if (spec.options === undefined || spec.options.some((option) => option.value === value)) return null;
  return `must be one of ${spec.options.map((option) => option.value).join(", ")}`;
}

function problemOfList(value: unknown, ofItem: (item: unknown) => string | null): string | null {
  if (!Array.isArray(value)) return "must be a list";
  if (value.length > longestList) return `must have at most ${longestList} entries`;
  const problems = value.flatMap((item, index) => {
    const problem = ofItem(item);
    return problem === null ? [] : [`entry ${index + 1} ${problem}`];
  });
  return problems[0] ?? null;
}
