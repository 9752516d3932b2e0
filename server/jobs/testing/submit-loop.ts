import { writeSync } from "node:fs";
import { migrate } from "../../db/migrate.ts";
import { stateMigrations } from "../../db/migrations/index.ts";
import { openDatabase } from "../../db/open.ts";
import { createBus } from "../../events/bus.ts";
import { makeFolders, mapPaths } from "../../files/paths.ts";
import { newId } from "../../base/ids.ts";
import { createLog } from "../../base/log.ts";
import { JobStore } from "../store/store.ts";

// Submits jobs for ever and prints each id once it is acknowledged; a test kills it at a random moment.
const paths = mapPaths(process.argv[2]!);
makeFolders(paths);
const db = openDatabase(paths.stateDb, "FULL");
migrate(db, { name: "state", steps: stateMigrations, backupFolder: paths.backups });
const store = new JobStore(db, createBus(() => {}), createLog({ write: () => {} }, "error"));
for (;;) {
  const { id } = store.insert({
    id: newId("job"), kind: "generation", title: "1 picture", subject: "1 picture", characterId: null, backend: "fake", priority: 0, simulated: false,
    correlationId: "cor-loop", idempotencyKey: null, idempotencyHash: null, request: {}, frozen: { v: 1 },
  });
  writeSync(1, `${id}\n`);
}
