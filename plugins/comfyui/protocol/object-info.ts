import { isRecord, listOf, numberOf, recordOf, textOf, textsOf } from "./json.ts";

export interface NodeInput {
  readonly name: string;
  readonly required: boolean;
  /** `COMBO` for every list of choices, whichever of the two shapes it came in. */
  readonly type: string;
  readonly choices: ReadonlyArray<string | number | boolean> | null;
  readonly fallback: unknown;
  readonly min: number | null;
  readonly max: number | null;
}

export interface NodeClass {
  readonly name: string;
  readonly inputs: ReadonlyMap<string, NodeInput>;
  readonly outputs: readonly string[];
  readonly isOutput: boolean;
}

export type NodeClasses = ReadonlyMap<string, NodeClass>;

/** Reads the answer of `/object_info` or `/object_info/{class}`; an unknown class is an empty answer. */
export function parseObjectInfo(answer: unknown): NodeClasses {
  const classes = new Map<string, NodeClass>();
  for (const [name, raw] of Object.entries(recordOf(answer))) {
    if (isRecord(raw)) classes.set(name, parseClass(name, raw));
  }
  return classes;
}

function parseClass(name: string, raw: Readonly<Record<string, unknown>>): NodeClass {
  const groups = recordOf(raw["input"]);
  const inputs = new Map<string, NodeInput>();
  for (const group of ["required", "optional"] as const) {
    for (const [input, spec] of Object.entries(recordOf(groups[group]))) {
      inputs.set(input, parseInput(input, group === "required", listOf(spec)));
    }
  }
  return { name, inputs, outputs: textsOf(raw["output"]), isOutput: raw["output_node"] === true };
}

/** `[["a","b"], {…}]` of older nodes and `["COMBO", {options: […]}]` of newer ones mean the same. */
function parseInput(name: string, required: boolean, spec: readonly unknown[]): NodeInput {
  const [first, second] = spec;
  const options = recordOf(second);
  const rawChoices = Array.isArray(first) ? first : first === "COMBO" ? listOf(options["options"]) : null;
  const choices = rawChoices && rawChoices.filter(isChoice);
  return {
    name, required, choices,
    type: choices ? "COMBO" : textOf(first, "*"),
    fallback: options["default"] ?? choices?.[0],
    min: numberOf(options["min"]),
    max: numberOf(options["max"]),
  };
}

function isChoice(value: unknown): value is string | number | boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

/** The file names that a loader offers; empty when the class or the input is not there. */
export function choicesOf(classes: NodeClasses, className: string, input: string): string[] {
  return textsOf(classes.get(className)?.inputs.get(input)?.choices ?? []);
}
