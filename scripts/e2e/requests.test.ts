import { afterAll, beforeAll, expect, test } from "bun:test";
import type { ErrorBody } from "../../server/contract/error.ts";
import { faultsOfDescription, type Description } from "../fuzz/description.ts";
import { fuzz } from "../fuzz/run.ts";
import { startExecutable, type Started } from "../testing/executable.ts";

const wrongBodies: ReadonlyArray<readonly [body: string, type: string, statuses: readonly number[]]> = [
  ["-305063", "application/json", [422]], ["[null,null]", "application/json", [422]], ['"text"', "application/json", [422]], ["[]", "application/json", [422]],
  ['{"unknownName":1}', "application/json", [422]], ['{"constructor":1}', "application/json", [422]], ["{", "application/json", [400]],
  ['{"a":1}', "text/plain", [415]], ["a=1", "application/x-www-form-urlencoded", [415]],
];

let server: Started;
beforeAll(async () => void (server = await startExecutable()));
afterAll(async () => server.dispose());

test("the executable's description of itself is valid OpenAPI 3.1, with every answer and error", async () => {
  const description = await server.json<Description>("/api/openapi.json");
  expect(Object.keys(description.paths).length).toBeGreaterThan(50);
  expect(faultsOfDescription(description)).toEqual([]);
});

test("every operation refuses a name that it does not know and each wrong value of each query, and names it", async () => {
  const { paths } = await server.json<Description>("/api/openapi.json");
  const outcomes: string[] = [];
  const expectRefused = async (method: string, path: string, query: string, name: string) => {
    const answer = await server.api(`${path.replaceAll(/\{\w+\}/g, "none")}?${query}`, { method });
    const { error } = method === "HEAD" ? { error: null } : ((await answer.json()) as ErrorBody);
    const isNamed = error === null || error.fields?.some((field) => field.path === name) === true;
    if (answer.status !== 422 || !isNamed) outcomes.push(`${method} ${path}?${query}: ${answer.status} ${JSON.stringify(error)}`);
  };
  for (const [path, item] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(item)) {
      if (path === "/api/events") continue;
      await expectRefused(method.toUpperCase(), path, "limitt=1", "limitt");
      for (const { name, schema } of operation.parameters.filter((parameter) => parameter.in === "query")) {
        const wrong = schema["type"] === "number" ? ["-1", "1.5", "1e9", "", "abc", "0x10", "9007199254740993"] : schema["type"] === "boolean" ? ["yes", "1", ""] : ["%ff"];
        for (const value of wrong) await expectRefused(method.toUpperCase(), path, `${name}=${value}`, name);
        await expectRefused(method.toUpperCase(), path, `${name}=1&${name}=1`, name);
      }
    }
  }
  expect(outcomes).toEqual([]);
}, 120_000);

test("every write refuses a body of another kind, of another name, and of another media type", async () => {
  const { paths } = await server.json<Description>("/api/openapi.json");
  const outcomes: string[] = [];
  for (const [path, item] of Object.entries(paths)) {
    for (const method of Object.keys(item).filter((each) => !["get", "head"].includes(each))) {
      for (const [body, type, statuses] of wrongBodies) {
        const headers = { "content-type": type, "tus-resumable": "1.0.0" };
        const { status } = await server.api(path.replaceAll(/\{\w+\}/g, "none"), { method: method.toUpperCase(), headers, body });
        const isOwnReader = path.startsWith("/api/uploads") || path.endsWith("/images");
        if (!statuses.includes(status) && !(isOwnReader && status >= 400 && status < 500)) outcomes.push(`${method} ${path} ${type} ${body}: ${status}`);
      }
    }
  }
  expect(outcomes).toEqual([]);
}, 120_000);

test("20,000 requests drawn from it find no internal error, no answer outside it, nothing accepted outside it, and nothing refused inside it", async () => {
  const report = await fuzz(server.api, 20_000, 1);
  expect(report.faults).toEqual([]);
  expect(report.cases).toBe(20_000);
  // It tried both sides, and got through to the routes.
  expect(report.outside).toBeGreaterThan(4000);
  expect(report.statuses["200"]).toBeGreaterThan(2000);
  expect(report.statuses["201"]).toBeGreaterThan(200);
}, 300_000);
