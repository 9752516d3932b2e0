import type { Description, Operation, Parameter } from "../../server/api/openapi/describe.ts";
import { Judge, type Schema } from "./json-schema.ts";

export type { Description, Operation, Parameter };

const methods: ReadonlySet<string> = new Set(["get", "put", "post", "delete", "options", "head", "patch", "trace"]);

/** What OpenAPI 3.1 forbids in a description, and what ours promises beyond it: every answer and error described. */
export function faultsOfDescription(description: Description): string[] {
  const judge = new Judge(description.components.schemas);
  const faults: string[] = [];
  if (!/^3\.1\.\d+$/.test(description.openapi)) faults.push("it is not OpenAPI 3.1");
  if (Object.keys(description.components.securitySchemes).length === 0) faults.push("no security scheme");
  for (const [name, schema] of Object.entries(description.components.schemas)) keep(judge.faultOfSchema(schema, name));
  for (const [path, item] of Object.entries(description.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const place = `${method} ${path}`;
      if (!methods.has(method)) faults.push(`${place}: no such method`);
      for (const fault of faultsOfOperation(path, operation, judge)) faults.push(`${place}: ${fault}`);
      for (const requirement of operation.security ?? description.security) {
        for (const name of Object.keys(requirement))
          if (!(name in description.components.securitySchemes)) faults.push(`${place}: no scheme ${name}`);
      }
    }
  }
  return faults;

  function keep(fault: string | null): void {
    if (fault !== null) faults.push(fault);
  }
}

function faultsOfOperation(path: string, operation: Operation, judge: Judge): string[] {
  const faults: Array<string | null> = [];
  if (!operation.summary) faults.push("no summary");
  if (operation.tags.length === 0) faults.push("no tag");
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
  const described = operation.parameters
    .filter((parameter) => parameter.in === "path")
    .map((parameter) => parameter.name);
  if (inPath.sort().join() !== described.sort().join())
    faults.push(`its path has ${inPath.join()}, described are ${described.join()}`);
  if (new Set(operation.parameters.map(({ name, in: place }) => `${place} ${name}`)).size < operation.parameters.length)
    faults.push("a parameter twice");
  for (const parameter of operation.parameters) faults.push(judge.faultOfSchema(parameter.schema, parameter.name));
  for (const { schema } of Object.values(operation.requestBody?.content ?? {}))
    faults.push(judge.faultOfSchema(schema, "body"));
  const statuses = Object.keys(operation.responses);
  if (!statuses.some((status) => /^([123]\d\d|501)$/.test(status))) faults.push("no answer");
  if (!statuses.some((status) => status.startsWith("4")) || !statuses.includes("500")) faults.push("no errors");
  for (const [status, answer] of Object.entries(operation.responses)) {
    if (!/^\d{3}$/.test(status) || !answer.description) faults.push(`the answer ${status} is not described`);
    for (const { schema } of Object.values(answer.content ?? {}))
      if (schema) faults.push(judge.faultOfSchema(schema as Schema, status));
  }
  return faults.filter((fault) => fault !== null);
}
