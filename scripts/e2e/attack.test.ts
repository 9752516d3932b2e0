import { expect, test } from "bun:test";
import { attack } from "../attack.ts";
import { formatFinding } from "../attack/report.ts";

test("what a hostile program on the network or on the same machine may try stays within its limits", async () => {
  const findings = await attack();
  expect(findings.length).toBeGreaterThan(25);
  expect(findings.filter(({ holds }) => !holds).map(formatFinding)).toEqual([]);
}, 300_000);
