import type { Database } from "bun:sqlite";
import { join } from "node:path";

export interface MigrationPlan {
  /** For the backup's file name. */
  readonly name: string;
  readonly steps: readonly string[];
  readonly backupFolder: string;
}

/**
 * Brings a database to the newest version: a backup first when there is anything to lose, then each step in its own
 * transaction. Throws when the database comes from a newer Isengard.
 */
export function migrate(db: Database, plan: MigrationPlan): void {
  const current = readVersion(db);
  if (current > plan.steps.length) {
    throw new Error(
      `The database ${plan.name} was written by a newer Isengard (version ${current}, this one knows ${plan.steps.length}). ` +
        "Start the newer Isengard, or restore a backup that was made before the upgrade.",
    );
  }
  if (current === plan.steps.length) return;
  if (current > 0) backup(db, join(plan.backupFolder, `${plan.name}-v${current}-${stamp()}.db`));
  for (const [index, sql] of plan.steps.entries()) {
    if (index < current) continue;
    db.transaction(() => {
      db.run(sql);
      db.run(`pragma user_version = ${index + 1}`);
    }).immediate();
  }
}

/** A whole, consistent copy beside the running database. */
export function backup(db: Database, path: string): void {
  db.query("vacuum into ?").run(path);
}

function readVersion(db: Database): number {
  return db.query<{ user_version: number }, []>("pragma user_version").get()!.user_version;
}

function stamp(): string {
  return new Date().toISOString().replaceAll(/[:.]/g, "-");
}
