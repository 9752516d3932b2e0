import { join } from "node:path";
import { schemaHead, schemaText } from "../../server/db/testing/schema-text.ts";

/** Writes `server/db/schema.sql` anew after a migration was added. */
await Bun.write(join(import.meta.dir, "../../server/db/schema.sql"), schemaHead + schemaText());
