import { existsSync, readFileSync } from "node:fs";
import type { Check, SystemStatus } from "../contract/system.ts";
import { DataInUse } from "../db/data-problem.ts";
import { lockFolder } from "../db/folder-lock.ts";
import { stateMigrations } from "../db/migrations/index.ts";
import { openDatabase } from "../db/open.ts";
import type { Paths } from "../files/paths.ts";
import { StoredJobFacts } from "../jobs/store/facts.ts";
import { takeInventory } from "../library/upkeep/inventory.ts";
import { inventoryChecks } from "../library/upkeep/inventory-watch.ts";
import { findRunning, type RunningServer } from "./running.ts";

const answerLimitMs = 20_000;
const namesShown = 20;
const ids: ReadonlySet<string> = new Set(["linked-folders", "unknown-files", "missing-files", "erasure"]);

/** Whether files and database fit, as lines. A running server is asked; without one the folder is looked at, and nothing is changed. */
export async function dataChecks(paths: Paths): Promise<string[]> {
  if (!existsSync(paths.stateDb)) return [];
  try {
    const running = await findRunning(paths);
    return running === null ? await lookAlone(paths) : lines(await ask(running, paths));
  } catch (error) {
    const why = error instanceof DataInUse ? "the folder is in use" : "the database could not be opened; start Isengard, which then shows what is wrong";
    return [`unknown  Files and database: not compared, because ${why}.`];
  }
}

async function lookAlone(paths: Paths): Promise<string[]> {
  const lock = lockFolder(paths.lockFile);
  try {
    const db = openDatabase(paths.stateDb, "FULL");
    try {
      const { version } = db.query<{ version: number }, []>("select user_version as version from pragma_user_version").get()!;
      if (version !== stateMigrations.length) return ["unknown  Files and database: compared after the next start, which brings the database to this version."];
      const inventory = await takeInventory({ db, paths, jobFacts: new StoredJobFacts(db), aliveSince: null });
      const { count } = inventory.leftovers;
      const note = count === 0 ? [] : [`warning  Unfinished files: ${count.toLocaleString("en")} were begun and never finished. The next start removes them.`];
      return [...lines(inventoryChecks(inventory, new Date().toISOString(), namesShown)), ...note];
    } finally {
      db.close();
    }
  } finally {
    lock?.release();
  }
}

async function ask(server: RunningServer, paths: Paths): Promise<Check[]> {
  const answer = await fetch(`${server.url}/api/status`, {
    headers: { authorization: `Bearer ${readFileSync(paths.tokenFile, "utf8").trim()}` }, signal: AbortSignal.timeout(answerLimitMs),
  });
  return ((await answer.json()) as SystemStatus).checks.filter(({ id }) => ids.has(id));
}

function lines(checks: readonly Check[]): string[] {
  return checks.flatMap(({ label, detail, fix }) => [`warning  ${label}: ${detail}`, `         ${fix}`]);
}
