export type Schema = { readonly [keyword: string]: unknown };

/** The part of JSON Schema 2020-12 that the description uses. Anything else in a schema is an error of the description. */
const keywords: ReadonlySet<string> = new Set([
  "$ref",
  "type",
  "anyOf",
  "const",
  "properties",
  "required",
  "additionalProperties",
  "patternProperties",
  "items",
  "prefixItems",
  "minItems",
  "maxItems",
  "minimum",
  "maximum",
  "multipleOf",
  "minLength",
  "maxLength",
  "pattern",
  "description",
  "default",
  "minProperties",
  "maxProperties",
]);

/** Holds values to the schemas of one description, and the schemas to the language that they are written in. */
export class Judge {
  constructor(private readonly schemas: Readonly<Record<string, Schema>>) {}

  resolve(schema: Schema): Schema {
    const name = /^#\/components\/schemas\/(\w+)$/.exec(String(schema["$ref"] ?? ""))?.[1];
    if (schema["$ref"] === undefined) return schema;
    const found = name === undefined ? undefined : this.schemas[name];
    if (found === undefined) throw new Error(`${String(schema["$ref"])} leads nowhere`);
    return found;
  }

  /** Why a value is outside of its schema; null: it is inside. `closed`: objects may have no other names than those described. */
  fault(given: Schema, value: unknown, closed = false, path = "$"): string | null {
    const schema = this.resolve(given);
    if (schema["anyOf"]) {
      const faults = (schema["anyOf"] as Schema[]).map((choice) => this.fault(choice, value, closed, path));
      return faults.includes(null) ? null : `${path} fits none of ${faults.length} choices: ${faults[0]}`;
    }
    if ("const" in schema)
      return value === schema["const"] ? null : `${path} is not ${JSON.stringify(schema["const"])}`;
    switch (schema["type"]) {
      case undefined:
        return null;
      case "null":
        return value === null ? null : `${path} is not null`;
      case "boolean":
        return typeof value === "boolean" ? null : `${path} is no boolean`;
      case "string":
        return faultOfText(schema, value, path);
      case "number":
        return faultOfNumber(schema, value, path);
      case "array":
        return this.faultOfList(schema, value, closed, path);
      case "object":
        return this.faultOfObject(schema, value, closed, path);
      default:
        return `${path}: the schema has the type ${String(schema["type"])}`;
    }
  }

  private faultOfList(schema: Schema, value: unknown, closed: boolean, path: string): string | null {
    if (!Array.isArray(value)) return `${path} is no list`;
    if (value.length > Number(schema["maxItems"] ?? Infinity) || value.length < Number(schema["minItems"] ?? 0))
      return `${path} has ${value.length} entries`;
    const first = (schema["prefixItems"] ?? []) as Schema[];
    for (const [index, item] of value.entries()) {
      const inner = first[index] ?? schema["items"];
      if (inner === false) return `${path} has more than ${first.length} entries`;
      const fault = inner === undefined ? null : this.fault(inner as Schema, item, closed, `${path}[${index}]`);
      if (fault !== null) return fault;
    }
    return null;
  }

  private faultOfObject(schema: Schema, value: unknown, closed: boolean, path: string): string | null {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return `${path} is no object`;
    const known = (schema["properties"] ?? {}) as Record<string, Schema>;
    const others = Object.values((schema["patternProperties"] ?? {}) as Record<string, Schema>)[0];
    for (const name of (schema["required"] ?? []) as string[])
      if (!Object.hasOwn(value, name)) return `${path}.${name} is missing`;
    const count = Object.keys(value).length;
    if (count < Number(schema["minProperties"] ?? 0) || count > Number(schema["maxProperties"] ?? Infinity))
      return `${path} has ${count} names`;
    for (const [name, item] of Object.entries(value)) {
      const inner = Object.hasOwn(known, name) ? known[name] : others;
      if (inner === undefined && (closed || schema["additionalProperties"] === false))
        return `${path}.${name} is not described`;
      const fault = inner === undefined ? null : this.fault(inner, item, closed, `${path}.${name}`);
      if (fault !== null) return fault;
    }
    return null;
  }

  /** Words that JSON Schema 2020-12 does not have or that are used wrongly. */
  faultOfSchema(schema: Schema, path: string): string | null {
    const unknown = Object.keys(schema).find((keyword) => !keywords.has(keyword));
    if (unknown !== undefined) return `${path} has the keyword ${unknown}`;
    if (schema["$ref"] !== undefined) return this.resolve(schema) === undefined ? path : null;
    if (Array.isArray(schema["items"])) return `${path}.items is a list`;
    if (typeof schema["pattern"] === "string" && !isPattern(schema["pattern"])) return `${path}.pattern cannot be read`;
    const inner = [
      ...Object.entries({ ...(schema["properties"] as object), ...(schema["patternProperties"] as object) }),
      ...Object.entries((schema["anyOf"] ?? []) as object),
      ...Object.entries((schema["prefixItems"] ?? []) as object),
      ...(typeof schema["items"] === "object" ? [["items", schema["items"]] as const] : []),
    ] as Array<[string, Schema]>;
    for (const [name, child] of inner) {
      const fault = this.faultOfSchema(child, `${path}.${name}`);
      if (fault !== null) return fault;
    }
    return null;
  }
}

function faultOfText(schema: Schema, value: unknown, path: string): string | null {
  if (typeof value !== "string") return `${path} is no text`;
  const length = [...value].length;
  if (length > Number(schema["maxLength"] ?? Infinity) || length < Number(schema["minLength"] ?? 0))
    return `${path} has ${length} characters`;
  const pattern = schema["pattern"] as string | undefined;
  return pattern === undefined || new RegExp(pattern, "u").test(value) ? null : `${path} does not match ${pattern}`;
}

function faultOfNumber(schema: Schema, value: unknown, path: string): string | null {
  if (typeof value !== "number" || !Number.isFinite(value)) return `${path} is no number`;
  if (value < Number(schema["minimum"] ?? -Infinity) || value > Number(schema["maximum"] ?? Infinity))
    return `${path} is ${value}`;
  const step = schema["multipleOf"];
  return step === undefined || Number.isInteger(value / Number(step)) ? null : `${path} is off its grid`;
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, "u").source !== "";
  } catch {
    return false;
  }
}
