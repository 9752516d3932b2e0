import type { TSchema } from "elysia";
import { check } from "./check.ts";
import { Problems } from "./problems.ts";

/** The part of an address behind its question mark, not yet read. */
export class QueryText {
  constructor(readonly text: string) {}
}

export function queryOf(url: string): QueryText {
  const mark = url.indexOf("?");
  return new QueryText(mark < 0 ? "" : url.slice(mark + 1).split("#", 1)[0]!);
}

/**
 * Every name of it held to the schema. A name twice, and text that is not UTF-8, is refused. `old`: names of the earlier systems
 * by which a present one may be called.
 */
export function readQuery(schema: TSchema, query: QueryText, old: Readonly<Record<string, string>> = {}): unknown {
  const found = new Problems();
  const values = Object.create(null) as Record<string, unknown>;
  const properties = (schema.properties ?? {}) as Record<string, TSchema>;
  for (const pair of query.text.split("&")) {
    if (pair === "" || found.isFull) continue;
    const at = pair.indexOf("=");
    const sent = decoded(at < 0 ? pair : pair.slice(0, at));
    const name = sent !== null && Object.hasOwn(old, sent) ? old[sent]! : sent;
    const text = decoded(at < 0 ? "" : pair.slice(at + 1));
    if (name === null) found.add("query", "has a name that is not UTF-8");
    else if (text === null) found.add(name.slice(0, 60), "is not UTF-8");
    else if (Object.hasOwn(values, name))
      found.add(
        sent!.slice(0, 60),
        name === sent ? "is given twice" : `is another name of ${name}, which is given too`,
      );
    else values[name] = Object.hasOwn(properties, name) ? meant(properties[name]!, text) : text;
  }
  const result = found.isFull ? values : check(schema, values, "", found);
  found.refuseAny();
  return result;
}

/** An address has only text: a number and a yes or no are written as JSON writes them, without exponent. */
function meant(schema: TSchema, text: string): unknown {
  if (schema.type === "number" && /^-?\d{1,30}(\.\d{1,30})?$/.test(text)) return Number(text);
  if (schema.type === "boolean" && (text === "true" || text === "false")) return text === "true";
  return text;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return null;
  }
}

/** A path's values, which the router has cut out and decoded. */
export function readParams(schema: TSchema, values: unknown): unknown {
  const found = new Problems();
  const result = check(schema, values, "", found);
  found.refuseAny();
  return result;
}
