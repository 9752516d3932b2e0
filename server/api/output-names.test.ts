import { expect, test } from "bun:test";
import type { Output } from "../contract/output.ts";
import { pictureFileName } from "./outputs.ts";

test.each([
  ["Anna v3", "Anna-2026-11-30-0003-k2x9.png"],
  ["Zoë Müller-Łoś v12", "Zoe-Muller-os-2026-11-30-0003-k2x9.png"],
  ["../../etc/passwd v1", "etc-passwd-2026-11-30-0003-k2x9.png"],
  ["李明 v1", "Picture-2026-11-30-0003-k2x9.png"],
  [`${"a".repeat(100)} v1`, `${"a".repeat(40)}-2026-11-30-0003-k2x9.png`],
])("a downloaded picture of %s is named after person, day and number", (name, expected) => {
  const output = { settings: { loras: [{ id: "l", name, strength: 1 }] }, jobId: "job-0k2x9", index: 2, createdAt: "2026-11-30T10:00:00.000Z" };
  expect(pictureFileName(output as unknown as Output)).toBe(expected);
});
