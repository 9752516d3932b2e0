import { expect, test } from "bun:test";
import { attackWithLarge } from "../attack/large.ts";
import { formatFinding } from "../attack/report.ts";

test("the largest requests that are accepted hold the event loop for less than 50 ms", async () => {
  const findings = await attackWithLarge();
  expect(findings.length).toBeGreaterThan(20);
  expect(findings.filter(({ holds }) => !holds).map(formatFinding)).toEqual([]);
}, 600_000);
