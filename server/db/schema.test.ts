import { expect, test } from "bun:test";
import { join } from "node:path";
import { schemaHead, schemaText } from "./testing/schema-text.ts";

test("schema.sql is what all migrations together make; bun scripts/check/schema.ts writes it anew", async () => {
  expect(await Bun.file(join(import.meta.dir, "schema.sql")).text()).toBe(schemaHead + schemaText());
});
