import type { Operation, Parameter } from "./description.ts";
import type { Judge, Schema } from "./json-schema.ts";
import { chance, pick, Values, type Random } from "./values.ts";
import type { World } from "./world.ts";

export interface Case {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
  readonly url: string;
  readonly init: RequestInit;
  /** Why this request is outside of the description; null: it is inside. */
  readonly outside: string | null;
}

/** Draws requests from the description: mostly inside, often with one thing wrong in path, query, body or its bytes. */
export class Requests {
  private readonly values: Values;

  constructor(
    private readonly random: Random,
    private readonly judge: Judge,
    private readonly operations: ReadonlyArray<{ method: string; path: string; operation: Operation }>,
    private readonly world: World,
  ) {
    this.values = new Values(random, judge, (name) => world.idOf(name, random));
  }

  next(): Case {
    const { method, path, operation } = pick(this.random, this.operations);
    const faults: string[] = [];
    const headers: Record<string, string> = {};
    const place = this.placeOf(path, operation, faults);
    const query = this.queryOf(operation, faults);
    for (const parameter of operation.parameters.filter((each) => each.in === "header"))
      this.header(parameter, headers, faults);
    const body = method === "get" || method === "head" ? undefined : this.bodyOf(operation, headers, faults);
    return {
      method: method.toUpperCase(),
      path,
      operation,
      url: `${place}${query}`,
      outside: faults[0] ?? null,
      init: { method: method.toUpperCase(), headers, ...(body === undefined ? {} : { body }) },
    };
  }

  private placeOf(path: string, operation: Operation, faults: string[]): string {
    return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      const { schema } = operation.parameters.find((parameter) => parameter.in === "path" && parameter.name === name)!;
      const value = chance(this.random, 88)
        ? this.world.idIn(path, name, this.random)
        : this.values.hostileText() || "x";
      this.keep(this.judge.fault(schema, value), faults);
      return encodeURIComponent(value.toWellFormed());
    });
  }

  private queryOf(operation: Operation, faults: string[]): string {
    const pairs: Array<[string, string]> = [];
    for (const { name, schema, required } of operation.parameters.filter((parameter) => parameter.in === "query")) {
      if (!required && !chance(this.random, 30)) continue;
      const value = chance(this.random, 75)
        ? this.values.inside(schema, name)
        : this.values.spoiled(this.values.inside(schema, name));
      const text = typeof value === "string" ? value.toWellFormed() : JSON.stringify(value);
      this.keep(this.faultOfText(schema, text), faults);
      pairs.push([name, text]);
    }
    if (chance(this.random, 6)) {
      const name = this.values.unknownName();
      faults.push(`the query has ${name}`);
      pairs.push([name, "1"]);
    }
    if (pairs.length > 0 && chance(this.random, 3)) {
      faults.push("a name stands twice");
      pairs.push(pairs[0]!);
    }
    return pairs.length === 0
      ? ""
      : `?${pairs.map(([name, text]) => `${encodeURIComponent(name)}=${encodeURIComponent(text)}`).join("&")}`;
  }

  /** An address has only text; numbers and yes or no are written out in it. */
  private faultOfText(schema: Schema, text: string): string | null {
    const { type } = this.judge.resolve(schema);
    if (type === "number") return /^-?\d+(\.\d+)?$/.test(text) ? this.judge.fault(schema, Number(text)) : "no number";
    if (type === "boolean") return text === "true" || text === "false" ? null : "no boolean";
    return this.judge.fault(schema, text);
  }

  private header({ name, schema, required }: Parameter, headers: Record<string, string>, faults: string[]): void {
    if (!required && chance(this.random, 70)) return;
    const value = chance(this.random, 90) ? this.world.header(name, this.random) : "nonsense";
    headers[name] = value;
    this.keep(this.judge.fault(schema, value), faults);
  }

  private bodyOf(operation: Operation, headers: Record<string, string>, faults: string[]): BodyInit | undefined {
    const { requestBody } = operation;
    if (requestBody === undefined) return this.surplus(headers, faults);
    const [mediaType, { schema }] = Object.entries(requestBody.content)[0]!;
    if (mediaType !== "application/json") return this.world.upload(mediaType, headers, this.random);
    headers["content-type"] = "application/json";
    if (chance(this.random, 6)) return this.broken(headers, faults);
    if (!requestBody.required && chance(this.random, 30)) return undefined;
    const whole = this.values.inside(schema);
    const value = chance(this.random, 45) ? this.values.spoiled(whole) : whole;
    const text = JSON.stringify(value);
    this.keep(this.judge.fault(schema, JSON.parse(text)), faults);
    return text;
  }

  private surplus(headers: Record<string, string>, faults: string[]): string | undefined {
    if (!chance(this.random, 8)) return undefined;
    headers["content-type"] = "application/json";
    faults.push("it takes no body");
    return pick(this.random, ['{"unknown":1}', "[1]", "7", '"text"']);
  }

  private broken(headers: Record<string, string>, faults: string[]): BodyInit {
    faults.push("it is no JSON");
    const kind = this.random(4);
    if (kind === 0)
      headers["content-type"] = pick(this.random, [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/xml",
      ]);
    if (kind === 0) return "{}x";
    if (kind === 1) return Uint8Array.from([0x22, 0xeb, 0x22]);
    return pick(this.random, [
      "{",
      '{"a":1,}',
      "[".repeat(500),
      "{'a':1}",
      "undefined",
      '{"a":1}{"b":2}',
      '{"a":1,"a":1}',
    ]);
  }

  private keep(fault: string | null, faults: string[]): void {
    if (fault !== null) faults.push(fault);
  }
}
