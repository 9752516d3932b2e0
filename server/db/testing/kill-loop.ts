import { mapPaths } from "../../files/paths.ts";
import { makeBackup } from "../backup.ts";
import { listBackups } from "../backup-manifest.ts";
import { runInTurns } from "../content-hash.ts";
import { openData } from "../open-data.ts";
import { findSource, restore } from "../restore.ts";

/** For tests that kill it: `backup ROOT` makes backups for ever; `restore ROOT` restores the oldest and newest in turns. */
const [what, root] = process.argv.slice(2);
const paths = mapPaths(root!);
console.log("ready");
if (what === "backup") {
  const { state, telemetry } = openData(paths);
  for (;;) {
    const sources = [{ name: "state" as const, db: state }, { name: "telemetry" as const, db: telemetry }];
    await runInTurns(makeBackup({ folder: paths.backups, sources, reason: "asked" }));
  }
}
for (let round = 0; ; round++) restore(paths, findSource(paths, listBackups(paths.backups).at(round % 2 === 0 ? 0 : -1)!.id));
