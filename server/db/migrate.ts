import type { Database } from "bun:sqlite";
import { makeBackup } from "./backup.ts";
import { type DatabaseName, pruneBackups } from "./backup-manifest.ts";
import { runAtOnce } from "./content-hash.ts";
import { DataProblem } from "./data-problem.ts";

export interface MigrationPlan {
  readonly name: DatabaseName;
  readonly steps: readonly string[];
  readonly backupFolder: string;
}

/** "ISEN": what the file says about itself, so that no other program's database is ever changed. */
export const applicationId = 0x4953454e;

/**
 * Brings a database to the newest version: a proven backup first when there is anything to lose, then each step in its
 * own transaction. Throws when the database comes from a newer Isengard, and when no good backup could be made.
 */
export function migrate(db: Database, plan: MigrationPlan): void {
  const current = readNumber(db, "user_version");
  const owner = readNumber(db, "application_id");
  if (owner !== 0 && owner !== applicationId) throw new DataProblem("foreign", db.filename, `Its application id is ${owner}.`);
  if (current > plan.steps.length) {
    throw new DataProblem("newer", db.filename, `The database ${plan.name} has version ${current}; this Isengard knows ${plan.steps.length}.`);
  }
  if (current < plan.steps.length) takeSteps(db, plan, current);
  if (owner === 0) db.run(`pragma application_id = ${applicationId}`);
}

function takeSteps(db: Database, plan: MigrationPlan, current: number): void {
  if (current > 0) {
    runAtOnce(makeBackup({ folder: plan.backupFolder, sources: [{ name: plan.name, db }], reason: "before-migration" }));
    pruneBackups(plan.backupFolder);
  }
  for (const [index, sql] of plan.steps.entries()) {
    if (index < current) continue;
    db.transaction(() => {
      db.run(sql);
      db.run(`pragma user_version = ${index + 1}`);
    }).immediate();
  }
}

function readNumber(db: Database, pragma: "user_version" | "application_id"): number {
  const statement = db.prepare<Record<string, number>, []>(`pragma ${pragma}`);
  try {
    return statement.get()![pragma]!;
  } finally {
    statement.finalize();
  }
}
