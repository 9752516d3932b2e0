import { StoredJobFacts } from "../../server/jobs/store/facts.ts";
import { Database } from "bun:sqlite";
import { mapPaths } from "../../server/files/paths.ts";
import { takeInventory } from "../../server/library/upkeep/inventory.ts";

/** After the server has ended: each finished file has its row, or is on the list of those that go; each row has its file. */
export async function checkFiles({ folder }: { readonly folder: string }): Promise<string[]> {
  const paths = mapPaths(folder);
  const db = new Database(paths.stateDb, { strict: true });
  try {
    const { filesWithoutRow, rowsWithoutFile } = await takeInventory({ db, paths, jobFacts: new StoredJobFacts(db), aliveSince: null });
    return [
      ...filesWithoutRow.names.map((name) => `${name} has no row`),
      // An attempt that was ended by force may have told of a sample that it could not finish.
      ...rowsWithoutFile.names.filter((name) => /^(photo|LoRA|picture) /.test(name)).map((name) => `the file of ${name} is not there`),
    ];
  } finally {
    db.close();
  }
}
