import type { ParameterSpec, ParameterValues } from "../../contract/backend.ts";
import { AppError } from "../../base/errors.ts";
import { nearest } from "../../base/nearest.ts";
import { parameterProblem } from "../../shared/parameter-check.ts";

/** More would not help a person. */
const mostProblems = 5;

/**
 * Every supported parameter with a value: the default, over it the preset, over it what was asked for. Throws
 * `not_supported` for a parameter that is shown but not available, `invalid_input` with each field that is wrong.
 */
export function checkValues(specs: readonly ParameterSpec[], preset: ParameterValues, asked: ParameterValues): ParameterValues {
  refuseUnsupported(specs, asked);
  const fields = problemsOf(specs, asked);
  if (fields.length > 0) {
    const names = fields.map((field) => field.path.slice("values.".length));
    throw new AppError("invalid_input", `These settings cannot be used: ${names.join(", ")}.`, {
      why: fields.map((field, index) => `${names[index]}: ${field.message}`).join(" "), fields,
    });
  }
  const values: ParameterValues = {};
  for (const spec of specs) {
    if (spec.supported) values[spec.name] = asked[spec.name] ?? preset[spec.name] ?? spec.default;
  }
  return values;
}

function problemsOf(specs: readonly ParameterSpec[], asked: ParameterValues): Array<{ path: string; message: string }> {
  const fields: Array<{ path: string; message: string }> = [];
  for (const [name, value] of Object.entries(asked)) {
    const spec = specs.find((candidate) => candidate.name === name);
    const message = spec === undefined ? notKnown(name, specs) : parameterProblem(spec, value);
    if (message !== "") fields.push({ path: `values.${name.slice(0, 60)}`, message });
    if (fields.length >= mostProblems) break;
  }
  return fields;
}

function notKnown(name: string, specs: readonly ParameterSpec[]): string {
  const meant = nearest(name, specs.map((spec) => spec.name));
  return meant === null ? "It is not known here; GET /api/info lists what can be set." : `It is not known here; did you mean ${meant}?`;
}

function refuseUnsupported(specs: readonly ParameterSpec[], asked: ParameterValues): void {
  const spec = specs.find((candidate) => !candidate.supported && Object.hasOwn(asked, candidate.name));
  if (spec === undefined) return;
  throw new AppError("not_supported", `${spec.label} cannot be set here.`, {
    why: spec.reason ?? "The backend does not support it.",
    fields: [{ path: `values.${spec.name}`, message: spec.reason ?? "is not supported" }],
  });
}
