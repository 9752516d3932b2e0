import type { Judge, Schema } from "./json-schema.ts";

export type Random = (limit: number) => number;
export const pick = <T>(random: Random, from: readonly T[]): T => from[random(from.length)]!;
export const chance = (random: Random, percent: number): boolean => random(100) < percent;

const hostileTexts = [
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "\ud83d",
  "\u202eabc",
  "e\u0301",
  "😀".repeat(30),
  "../../etc/passwd",
  "'; drop table job; --",
  "<script>alert(1)</script>",
  "%s%n",
  "\r\nX: y",
  "null",
  "true",
  "NaN",
  "1e999",
  "-1",
  "__proto__",
  "constructor",
  "{{7*7}}",
  "\ufeff",
  "\u2028",
  "a".repeat(300),
  "x".repeat(5000),
  "Ünïcødé",
  "日本語",
  "-",
  "0",
];
const hostileValues: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e308,
  -0,
  2 ** 53,
  2 ** 31,
  -305063,
  "",
  "text",
  [],
  {},
  [null, null],
  [[[[]]]],
  { a: { b: {} } },
  ["a", 1],
  1e-9,
];
/** Names that no schema has. What the earlier systems called their fields is understood, and tested elsewhere. */
const unknownNames = [
  "unknown",
  "promt",
  "Seed",
  "limt",
  "__proto__",
  "toString",
  "id ",
  "",
  "x".repeat(200),
  "naïve",
  "force",
  "a.b",
];

/** Makes values inside and outside of a schema, the same ones for the same seed. */
export class Values {
  constructor(
    private readonly random: Random,
    private readonly judge: Judge,
    private readonly known: (name: string) => string | undefined,
  ) {}

  inside(given: Schema, name = ""): unknown {
    const { random } = this;
    const schema = this.judge.resolve(given);
    if (schema["anyOf"]) return this.inside(pick(random, schema["anyOf"] as Schema[]), name);
    if ("const" in schema) return schema["const"];
    switch (schema["type"]) {
      case "null":
        return null;
      case "boolean":
        return chance(random, 50);
      case "number":
        return this.number(schema);
      case "string":
        return this.text(schema, name);
      case "array":
        return Array.from(
          { length: Number(schema["minItems"] ?? 0) + random(Math.min(3, Number(schema["maxItems"] ?? 3)) + 1) },
          () => this.inside((schema["items"] ?? {}) as Schema, name),
        ).slice(0, Number(schema["maxItems"] ?? 9));
      case "object":
        return this.object(schema);
      default:
        return pick(random, hostileValues);
    }
  }

  private object(schema: Schema): Record<string, unknown> {
    const { random } = this;
    const properties = Object.entries((schema["properties"] ?? {}) as Record<string, Schema>);
    const required = new Set((schema["required"] ?? []) as string[]);
    const most = Number(schema["maxProperties"] ?? Infinity);
    const chosen = properties.filter(([name]) => required.has(name) || chance(random, 35)).slice(0, most);
    const least = Number(schema["minProperties"] ?? 0);
    if (chosen.length < least && properties.length > 0) chosen.push(pick(random, properties));
    const result = Object.fromEntries(chosen.map(([name, inner]) => [name, this.inside(inner, name)]));
    if (schema["patternProperties"] && chance(random, 30))
      result[pick(random, ["steps", "rank", "note"])] = pick(random, [100, "text", 16, true]);
    return result;
  }

  private number(schema: Schema): number {
    const low = Number(schema["minimum"] ?? -1000);
    const high = Number(schema["maximum"] ?? low + 5000);
    const value = pick(this.random, [low, high, low + (this.random(100) / 100) * (high - low)]);
    const step = Number(schema["multipleOf"] ?? 0);
    return step === 0 ? value : Math.round(value / step) * step;
  }

  private text(schema: Schema, name: string): string {
    const { random } = this;
    const known = this.known(name);
    if (known !== undefined && chance(random, 80)) return known;
    const most = Number(schema["maxLength"] ?? 200);
    const least = Number(schema["minLength"] ?? 0);
    const candidates = [
      pick(random, hostileTexts),
      "a".repeat(Math.min(most, 300)),
      "a picture of a garden",
      `name ${random(1000)}`,
      "x",
    ];
    const fitting = candidates
      .map((text) => [...text].slice(0, most).join(""))
      .filter((text) => [...text].length >= least);
    return pick(random, fitting.length > 0 ? fitting : ["a".repeat(Math.max(1, least))]);
  }

  /** A value with one thing changed, which is then mostly outside of its schema. */
  spoiled(value: unknown): unknown {
    const { random } = this;
    if (typeof value !== "object" || value === null || chance(random, 15)) return pick(random, hostileValues);
    if (Array.isArray(value)) {
      const copy: unknown[] = [...value];
      if (copy.length === 0 || chance(random, 30))
        return [...copy, ...Array.from({ length: 1 + random(20) }, () => pick(random, hostileValues))];
      const at = random(copy.length);
      copy[at] = this.spoiled(copy[at]);
      return copy;
    }
    const entries = Object.entries(value);
    const at = random(entries.length + 2);
    if (at >= entries.length)
      return Object.fromEntries([...entries, [pick(random, unknownNames), pick(random, hostileValues)]]);
    if (chance(random, 25)) return Object.fromEntries(entries.filter((_, index) => index !== at));
    const spoil = (inner: unknown) =>
      chance(random, 30) ? pick(random, [...hostileTexts, ...hostileValues]) : this.spoiled(inner);
    return Object.fromEntries(entries.map(([name, inner], index) => [name, index === at ? spoil(inner) : inner]));
  }

  hostileText(): string {
    return pick(this.random, hostileTexts);
  }

  unknownName(): string {
    return pick(
      this.random,
      unknownNames.filter((name) => name !== ""),
    );
  }
}
