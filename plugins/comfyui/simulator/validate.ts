import { existsSync } from "node:fs";
import { join } from "node:path";
import { isRecord, listOf, recordOf, textOf } from "../protocol/json.ts";
import type { ClassInfo, ModelFolders } from "./folders.ts";

export interface SimulatedNode {
  readonly class_type: string;
  readonly inputs: Record<string, unknown>;
}

export type SimulatedGraph = Record<string, SimulatedNode>;

interface InputError {
  readonly type: string;
  readonly message: string;
  readonly details: string;
  readonly extra_info: Readonly<Record<string, unknown>>;
}

interface NodeErrors {
  readonly errors: readonly InputError[];
  readonly dependent_outputs: string[];
  readonly class_type: string;
}

export type Validation =
  | { readonly ok: true; readonly graph: SimulatedGraph; readonly outputs: string[]; readonly nodeErrors: Record<string, NodeErrors> }
  | { readonly ok: false; readonly error: InputError; readonly nodeErrors: Record<string, NodeErrors> };

/** The checks of `POST /prompt` in ComfyUI's order and words. Source: 0.33.0, `execution.py`, and the recordings. */
export function validatePrompt(prompt: unknown, folders: ModelFolders): Validation {
  const graph: SimulatedGraph = {};
  const outputs: string[] = [];
  for (const [id, raw] of Object.entries(recordOf(prompt))) {
    const className = textOf(recordOf(raw)["class_type"]);
    const info = folders.describe(className);
    if (!info) return { ok: false, error: missingClass(id, className, raw), nodeErrors: {} };
    graph[id] = { class_type: className, inputs: { ...recordOf(recordOf(raw)["inputs"]) } };
    if (info.output_node) outputs.push(id);
  }
  if (outputs.length === 0) return { ok: false, error: plainError("prompt_no_outputs", "Prompt has no outputs"), nodeErrors: {} };
  const checker = new GraphChecker(graph, folders);
  const good = outputs.filter((id) => checker.isValid(id));
  const nodeErrors = checker.nodeErrors(outputs.filter((id) => !good.includes(id)));
  if (good.length > 0) return { ok: true, graph, outputs: good, nodeErrors };
  const details = outputs.flatMap((id) => checker.errorsOf(id)).map((error) => `${error.message}: ${error.details}`).join("\n");
  return { ok: false, error: { ...plainError("prompt_outputs_failed_validation", "Prompt outputs failed validation"), details }, nodeErrors };
}

export function plainError(type: string, message: string): InputError {
  return { type, message, details: "", extra_info: {} };
}

function missingClass(id: string, className: string, raw: unknown): InputError {
  const title = textOf(recordOf(recordOf(raw)["_meta"])["title"]) || className;
  return {
    type: "missing_node_type", message: `Node '${className}' not found. The custom node may not be installed.`,
    details: `Node ID '#${id}'`, extra_info: { node_id: id, class_type: className, node_title: title },
  };
}

const choicesShown = 20;

class GraphChecker {
  readonly #graph: SimulatedGraph;
  readonly #folders: ModelFolders;
  readonly #checked = new Map<string, { valid: boolean; errors: InputError[] }>();

  constructor(graph: SimulatedGraph, folders: ModelFolders) {
    this.#graph = graph;
    this.#folders = folders;
  }

  isValid(id: string): boolean {
    return this.#check(id).valid;
  }

  errorsOf(id: string): readonly InputError[] {
    return this.#checked.get(id)?.errors ?? [];
  }

  nodeErrors(badOutputs: readonly string[]): Record<string, NodeErrors> {
    const found = [...this.#checked].filter(([, result]) => result.errors.length > 0);
    return Object.fromEntries(found.map(([id, { errors }]) => [id, {
      errors, dependent_outputs: badOutputs.filter((output) => this.#reaches(output, id)), class_type: this.#graph[id]?.class_type ?? "",
    }]));
  }

  #reaches(from: string, target: string, seen = new Set<string>()): boolean {
    if (from === target) return true;
    if (seen.has(from)) return false;
    seen.add(from);
    return Object.values(this.#graph[from]?.inputs ?? {})
      .some((value) => Array.isArray(value) && this.#reaches(String(value[0]), target, seen));
  }

  #check(id: string): { valid: boolean; errors: InputError[] } {
    const before = this.#checked.get(id);
    if (before) return before;
    const node = this.#graph[id];
    const info = node && this.#folders.describe(node.class_type);
    const result = { valid: true, errors: [] as InputError[] };
    if (!node || !info) return { valid: false, errors: [] };
    this.#checked.set(id, result);
    for (const [name, spec, required] of inputsOf(info)) {
      if (!(name in node.inputs)) {
        if (required) result.errors.push(inputError("required_input_missing", "Required input is missing", name, { input_name: name }));
      } else if (Array.isArray(node.inputs[name])) {
        this.#checkLink(name, spec, listOf(node.inputs[name]), result);
      } else {
        const error = this.#checkValue(node, name, spec);
        if (error) result.errors.push(error);
      }
    }
    result.valid &&= result.errors.length === 0;
    return result;
  }

  #checkLink(name: string, spec: readonly unknown[], link: readonly unknown[], result: { valid: boolean; errors: InputError[] }): void {
    const facts = { input_name: name, input_config: [spec[0], recordOf(spec[1])] };
    if (link.length !== 2) {
      const message = "Bad linked input, must be a length-2 list of [node_id, slot_index]";
      result.errors.push(inputError("bad_linked_input", message, name, { ...facts, received_value: link }));
      return;
    }
    const source = this.#graph[String(link[0])];
    const received = source && this.#folders.describe(source.class_type)?.output[Number(link[1])];
    if (received === undefined) {
      const message = "Exception when validating inner node";
      result.errors.push(inputError("exception_during_inner_validation", message, `'${String(link[0])}'`, { ...facts, linked_node: link }));
    } else if (received !== spec[0]) {
      const details = `${name}, received_type(${received}) mismatch input_type(${String(spec[0])})`;
      const message = "Return type mismatch between linked nodes";
      result.errors.push(inputError("return_type_mismatch", message, details, { ...facts, received_type: received, linked_node: link }));
    } else if (!this.#check(String(link[0])).valid) {
      result.valid = false;
    }
  }

  #checkValue(node: SimulatedNode, name: string, spec: readonly unknown[]): InputError | null {
    const options = recordOf(spec[1]);
    const raw = node.inputs[name];
    const unwrapped = isRecord(raw) && "__value__" in raw ? raw["__value__"] : raw;
    const value = coerce(unwrapped, spec[0]);
    const facts = { input_name: name, input_config: [spec[0], options], received_value: unwrapped };
    if (value === null) {
      const message = `Failed to convert an input value to a ${String(spec[0])} value`;
      return inputError("invalid_input_type", message, `${name}, ${String(unwrapped)}`, facts);
    }
    node.inputs[name] = value;
    if (node.class_type === "LoadImage" && name === "image") return this.#checkPicture(String(value));
    if (typeof options["min"] === "number" && Number(value) < options["min"]) {
      return inputError("value_smaller_than_min", `Value ${String(value)} smaller than min of ${options["min"]}`, name, facts);
    }
    if (typeof options["max"] === "number" && Number(value) > options["max"]) {
      return inputError("value_bigger_than_max", `Value ${String(value)} bigger than max of ${options["max"]}`, name, facts);
    }
    const choices = Array.isArray(spec[0]) ? spec[0] : spec[0] === "COMBO" ? listOf(options["options"]) : null;
    if (!choices || choices.includes(value)) return null;
    const listed = choices.map((choice) => `'${String(choice)}'`).join(", ");
    const shown = choices.length > choicesShown ? `(list of length ${choices.length})` : `[${listed}]`;
    return inputError("value_not_in_list", "Value not in list", `${name}: '${String(value)}' not in ${shown}`,
      { ...facts, input_config: choices.length > choicesShown ? null : facts.input_config });
  }

  #checkPicture(name: string): InputError | null {
    if (!name.includes("..") && existsSync(join(this.#folders.inputDir, name))) return null;
    const details = `image - Invalid image file: ${name}`;
    return inputError("custom_validation_failed", "Custom validation failed for node", details, { input_name: "image" });
  }
}

function inputError(type: string, message: string, details: string, extraInfo: Readonly<Record<string, unknown>>): InputError {
  return { type, message, details, extra_info: extraInfo };
}

function inputsOf(info: ClassInfo): Array<[name: string, spec: readonly unknown[], required: boolean]> {
  return (["required", "optional"] as const).flatMap((group) => Object.entries(info.input[group] ?? {})
    .map(([name, spec]): [string, readonly unknown[], boolean] => [name, listOf(spec), group === "required"]));
}

/** As Python would convert; null where it would raise. */
function coerce(value: unknown, type: unknown): unknown {
  if (type === "INT" || type === "FLOAT") {
    const number = typeof value === "boolean" ? Number(value) : typeof value === "string" && value.trim() === "" ? NaN : Number(value);
    if (!Number.isFinite(number)) return null;
    return type === "INT" ? Math.trunc(number) : number;
  }
  if (type === "STRING") return typeof value === "string" ? value : String(value);
  if (type === "BOOLEAN") return Boolean(value);
  return value ?? null;
}
