import { Database } from "bun:sqlite";
import { migrate } from "../migrate.ts";
import { stateMigrations, telemetryMigrations } from "../migrations/index.ts";
import { temporaryFolder } from "../../testing/folder.ts";

/** Both databases as all migrations together make them: what a reader would otherwise have to add up in the head. */
export function schemaText(): string {
  using folder = temporaryFolder();
  const parts = [["state", stateMigrations], ["telemetry", telemetryMigrations]] as const;
  return parts.map(([name, steps]) => {
    const db = new Database(":memory:", { strict: true });
    migrate(db, { name, steps, backupFolder: folder.path });
    const made = db.query<{ sql: string }, []>("select sql from sqlite_schema where sql is not null order by tbl_name, type = 'index', name").all();
    db.close();
    return `-- ${name}.db\n\n${made.map(({ sql }) => `${sql};\n`).join("\n")}`;
  }).join("\n");
}

export const schemaHead = "-- Made by `bun scripts/check/schema.ts` from server/db/migrations/, and compared by a test. To read, never to run.\n\n";
