import type { TSchema } from "elysia";
import { nearest } from "../../base/nearest.ts";

/** What a schema allows, as words that follow "must be": "a whole number from 1 to 500, or null for random". */
export function allowed(schema: TSchema): string {
  if (schema.anyOf) return allowedOf(schema.anyOf as TSchema[]);
  if ("const" in schema) return JSON.stringify(schema.const);
  switch (schema.type) {
    case "number":
      return `${grid(schema.multipleOf)}${range(schema.minimum, schema.maximum)}`;
    case "string":
      return `a text${lengths(schema.minLength, schema.maxLength, "characters")}`;
    case "boolean":
      return "true or false";
    case "null":
      return schema.description === undefined ? "null" : `null for ${schema.description}`;
    case "array":
      return `a list${lengths(schema.minItems, schema.maxItems, "entries")}`;
    case "object":
      return objectWords(schema);
    default:
      return "a value";
  }
}

function allowedOf(choices: readonly TSchema[]): string {
  if (choices.every((choice) => "const" in choice)) return `one of ${choices.map((choice) => choice.const).join(", ")}`;
  return choices.map(allowed).join(", or ");
}

function objectWords(schema: TSchema): string {
  const names = Object.keys(schema.properties ?? {});
  return names.length === 0 ? "an object" : `an object with ${names.slice(0, 12).join(", ")}`;
}

function grid(step: number | undefined): string {
  if (step === undefined) return "a number";
  return step === 1 ? "a whole number" : `a multiple of ${step}`;
}

function range(low: number | undefined, high: number | undefined): string {
  if (low !== undefined && high !== undefined) return ` from ${low} to ${high}`;
  if (low !== undefined) return ` of at least ${low}`;
  return high === undefined ? "" : ` of at most ${high}`;
}

function lengths(low: number | undefined, high: number | undefined, noun: string): string {
  if (low && high !== undefined) return ` of ${low} to ${high} ${noun}`;
  if (low) return ` of at least ${low} ${noun}`;
  return high === undefined ? "" : ` of at most ${high} ${noun}`;
}

/** For a name that nobody knows: the one that was probably meant, else all that there are. */
export function notKnown(name: string, known: readonly string[]): string {
  const meant = nearest(name, known) ?? akin(name, known);
  if (meant !== null) return `is not known here; did you mean ${meant}?`;
  if (known.length === 0) return "is not known here; nothing can be set here";
  return `is not known here; known ${known.length === 1 ? "is" : "are"} ${known.slice(0, 16).join(", ")}`;
}

/** `trigger` for `triggerWord`, `promptText` for `prompt`. */
function akin(name: string, known: readonly string[]): string | null {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const wanted = plain(name.slice(0, 64));
  const isAkin = (text: string) => text.startsWith(wanted) || wanted.startsWith(text);
  return wanted.length < 4 ? null : (known.find((each) => plain(each).length >= 4 && isAkin(plain(each))) ?? null);
}

/** A value by its kind, for "…, not a list". */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  switch (typeof value) {
    case "string":
      return "a text";
    case "boolean":
      return String(value);
    case "number":
      return String(value);
    default:
      return "an object";
  }
}
