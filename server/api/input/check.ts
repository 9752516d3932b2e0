import type { TSchema } from "elysia";
import { plainText } from "../../base/plain-text.ts";
import type { Problems } from "./problems.ts";
import { allowed, kindOf, notKnown } from "./words.ts";

/** Far deeper than any request of ours; the reader of bodies has refused deeper ones already. */
const deepest = 64;
/** A name of a field, as it is shown again. */
const longestName = 60;

/**
 * The value as the routes may use it: held to its schema, objects strict to their last name, every text cleaned by the one
 * rule of `plainText`. What is wrong goes to `found`; then the answer is of no use.
 */
export function check(schema: TSchema, value: unknown, path: string, found: Problems): unknown {
  if (schema.anyOf) return checkChoice(schema, value, path, found);
  if ("const" in schema) return value === schema.const ? value : refuse(schema, value, path, found);
  switch (schema.type) {
    case "object":
      return isObject(value) ? checkObject(schema, value, path, found) : refuse(schema, value, path, found);
    case "array":
      return Array.isArray(value) ? checkList(schema, value, path, found) : refuse(schema, value, path, found);
    case "string":
      return typeof value === "string" ? checkText(schema, value, path, found) : refuse(schema, value, path, found);
    case "number":
      return isInside(schema, value) ? value : refuse(schema, value, path, found);
    case "boolean":
      return typeof value === "boolean" ? value : refuse(schema, value, path, found);
    case "null":
      return value === null ? null : refuse(schema, value, path, found);
    default:
      return cleaned(value, 0);
  }
}

function refuse(schema: TSchema, value: unknown, path: string, found: Problems): undefined {
  found.add(path, schema.whenWrong ?? `must be ${allowed(schema)}, not ${shown(schema, value)}`);
}

/** Where only some words are allowed, a wrong one is told itself. */
function shown(schema: TSchema, value: unknown): string {
  const isWord =
    typeof value === "string" && (schema.anyOf as TSchema[] | undefined)?.every((choice) => "const" in choice);
  return isWord ? JSON.stringify(plainText(value.slice(0, longestName))) : kindOf(value);
}

/** The choice whose kind fits is asked; its range is then explained with all choices. */
function checkChoice(schema: TSchema, value: unknown, path: string, found: Problems): unknown {
  const choices = schema.anyOf as TSchema[];
  const fitting = choices.filter((choice) => ("const" in choice ? choice.const === value : kindFits(choice, value)));
  if (fitting.length !== 1) return refuse(schema, value, path, found);
  const [choice] = fitting as [TSchema];
  if (choice.type === "number" && !isInside(choice, value)) return refuse(schema, value, path, found);
  return check(choice, value, path, found);
}

function kindFits(schema: TSchema, value: unknown): boolean {
  switch (schema.type) {
    case "object":
      return isObject(value);
    case "array":
      return Array.isArray(value);
    case "null":
      return value === null;
    default:
      return typeof value === schema.type;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function checkObject(
  schema: TSchema,
  value: Record<string, unknown>,
  path: string,
  found: Problems,
): Record<string, unknown> {
  const properties = (schema.properties ?? {}) as Record<string, TSchema>;
  const others =
    schema.patternProperties === undefined ? null : (Object.values(schema.patternProperties)[0] as TSchema);
  const result: Record<string, unknown> = {};
  const before = found.count;
  for (const name of Object.keys(value)) {
    if (found.isFull) return result;
    const known = Object.hasOwn(properties, name) ? properties[name]! : others;
    const place = join(path, name);
    if (known === null) found.add(place, notKnown(name, Object.keys(properties)));
    else set(result, plainText(name), check(known, value[name], place, found));
  }
  for (const name of (schema.required ?? []) as string[]) {
    if (!Object.hasOwn(value, name))
      found.add(join(path, name), properties[name]!.whenMissing ?? `is missing: ${allowed(properties[name]!)}`);
  }
  const count = Object.keys(value).length;
  if (found.count > before) return result;
  if (count < (schema.minProperties ?? 0))
    found.add(path, `names nothing to change; known are ${Object.keys(properties).join(", ")}`);
  if (count > (schema.maxProperties ?? Infinity))
    found.add(path, `may name only one of ${Object.keys(properties).join(", ")}`);
  return result;
}

/** Also a name such as `__proto__` is only a name. */
function set(target: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

function join(path: string, name: string): string {
  const shown = plainText(name.length > longestName ? `${name.slice(0, longestName)}…` : name) || '""';
  return path === "" ? shown : `${path}.${shown}`;
}

function checkList(schema: TSchema, value: readonly unknown[], path: string, found: Problems): unknown[] {
  if (value.length > (schema.maxItems ?? Infinity) || value.length < (schema.minItems ?? 0)) {
    found.add(path, `must be ${allowed(schema)}, not of ${value.length}`);
    return [];
  }
  const result: unknown[] = [];
  const before = found.count;
  for (const [index, item] of value.entries()) {
    result.push(check(schema.items as TSchema, item, join(path, String(index)), found));
    if (found.count > before) break;
  }
  return result;
}

function checkText(schema: TSchema, value: string, path: string, found: Problems): string {
  const text = plainText(value, { lines: schema.lines === true });
  const {
    minLength = 0,
    maxLength = Infinity,
    pattern,
  } = schema as { minLength?: number; maxLength?: number; pattern?: string };
  if (minLength > 0 && text === "") found.add(path, schema.whenMissing ?? "must not be empty");
  else if (isLonger(value, maxLength) || isLonger(text, maxLength))
    found.add(path, `must be at most ${maxLength} characters long`);
  else if (value.length < minLength) found.add(path, `must be at least ${minLength} characters long`);
  else if (pattern !== undefined && !new RegExp(pattern, "u").test(value))
    found.add(path, schema.whenWrong ?? "has characters that cannot be used");
  return text;
}

/** In characters, as a JSON schema counts, not in the halves of which an emoji has two. */
function isLonger(text: string, limit: number): boolean {
  return text.length > limit && (text.length > 2 * limit || [...text].length > limit);
}

function isInside(schema: TSchema, value: unknown): boolean {
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  if (schema.multipleOf !== undefined && !Number.isInteger(value / schema.multipleOf)) return false;
  return value >= (schema.minimum ?? -Infinity) && value <= (schema.maximum ?? Infinity);
}

/** Values that only the tool's own schema describes: every text in them is cleaned here, and looked at there. */
function cleaned(value: unknown, depth: number): unknown {
  if (typeof value === "string") return plainText(value, { lines: true });
  if (typeof value !== "object" || value === null || depth > deepest) return value;
  if (Array.isArray(value)) return value.map((item) => cleaned(item, depth + 1));
  const result: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) set(result, plainText(name), cleaned(item, depth + 1));
  return result;
}
