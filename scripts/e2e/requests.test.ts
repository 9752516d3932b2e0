import { afterAll, beforeAll, expect, test } from "bun:test";
import { faultsOfDescription, type Description } from "../fuzz/description.ts";
import { fuzz } from "../fuzz/run.ts";
import { startExecutable, type Started } from "../testing/executable.ts";

let server: Started;
beforeAll(async () => void (server = await startExecutable()));
afterAll(async () => server.dispose());

test("the executable's description of itself is valid OpenAPI 3.1, with every answer and error", async () => {
  const description = await server.json<Description>("/api/openapi.json");
  expect(Object.keys(description.paths).length).toBeGreaterThan(50);
  expect(faultsOfDescription(description)).toEqual([]);
});

test("20,000 requests drawn from it find no internal error, no answer outside it, nothing accepted outside it, and nothing refused inside it", async () => {
  const report = await fuzz(server.api, 20_000, 1);
  expect(report.faults).toEqual([]);
  expect(report.cases).toBe(20_000);
  // It tried both sides, and got through to the routes.
  expect(report.outside).toBeGreaterThan(4000);
  expect(report.statuses["200"]).toBeGreaterThan(2000);
  expect(report.statuses["201"]).toBeGreaterThan(200);
}, 300_000);
