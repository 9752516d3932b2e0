import { Database } from "bun:sqlite";
import { readdirSync, statSync } from "node:fs";
import type { Paths } from "../files/paths.ts";
import type { DatabaseName } from "./backup-manifest.ts";
import { DataInUse, DataProblem, toProblem } from "./data-problem.ts";
import { migrate } from "./migrate.ts";
import { stateMigrations, telemetryMigrations } from "./migrations/index.ts";
import { type Databases, type Durability, journalOf, openDatabase } from "./open.ts";
import { databaseFile, finishRestore, setAside } from "./restore.ts";

/** Something about the data that a person should know although Isengard works. */
export interface DataNote {
  readonly id: string;
  readonly label: string;
  readonly detail: string;
  readonly fix: string;
}

export interface OpenData extends Databases {
  readonly notes: readonly DataNote[];
}

const plans: Readonly<Record<DatabaseName, { durability: Durability; steps: readonly string[] }>> = {
  state: { durability: "FULL", steps: stateMigrations },
  telemetry: { durability: "NORMAL", steps: telemetryMigrations },
};

/**
 * Both databases, looked at before they are trusted and brought to this version. Throws DataProblem, having changed
 * nothing, or DataInUse. The loss curves never stand in the way: a damaged file of theirs is kept aside and begun anew.
 */
export function openData(paths: Paths): OpenData {
  const notes: DataNote[] = [];
  finishRestoreOrSay(paths);
  assertNotLost(paths);
  const state = openOne(paths, "state");
  try {
    const telemetry = openTelemetry(paths, notes);
    if (journalOf(state) !== "wal") notes.push(slowJournal);
    return { state, telemetry, notes };
  } catch (error) {
    state.close();
    throw error;
  }
}

const slowJournal: DataNote = {
  id: "journal", label: "Database journal",
  detail: "This volume cannot keep a write-ahead log, so the database uses a rollback journal. It is as safe, but slower.",
  fix: "Put Isengard's folder on a local disk if the page feels slow.",
};

function openOne(paths: Paths, name: DatabaseName): Database {
  const path = databaseFile(paths, name);
  let db: Database | null = null;
  try {
    db = openDatabase(path, plans[name].durability);
    assertSound(db, path);
    try {
      migrate(db, { name, steps: plans[name].steps, backupFolder: paths.backups });
    } catch (error) {
      throw toProblem(error, path, "unprepared");
    }
    return db;
  } catch (error) {
    db?.close();
    throw toProblem(error, path, "damaged");
  }
}

function assertSound(db: Database, path: string): void {
  const statement = db.prepare<{ quick_check: string }, []>("pragma quick_check(3)");
  try {
    const found = statement.all().map((row) => row.quick_check);
    if (found[0] !== "ok") throw new DataProblem("damaged", path, found.join("; "));
  } finally {
    statement.finalize();
  }
}

function openTelemetry(paths: Paths, notes: DataNote[]): Database {
  try {
    return openOne(paths, "telemetry");
  } catch (error) {
    if (error instanceof DataInUse) throw error;
    if (!(error instanceof DataProblem)) throw error;
    return beginTelemetry(paths, error, notes);
  }
}

/** What helps against damage is a new file; what helps against a disk that refuses is memory. */
function beginTelemetry(paths: Paths, problem: DataProblem, notes: DataNote[]): Database {
  const base = { id: "telemetry", label: "Loss curves" };
  try {
    if (!problem.helpsRestore) throw problem;
    const kept = setAside(paths, "telemetry", new Date().toISOString().replaceAll(/[:.]/g, "-"), "damaged");
    const db = openOne(paths, "telemetry");
    const detail = `The file of the loss curves could not be read (${problem.detail}). A new one was begun; the old one is kept as ${kept}.`;
    notes.push({ ...base, detail, fix: "Curves of earlier trainings are missing until a backup is restored. Trainings and LoRAs are not touched." });
    return db;
  } catch (error) {
    const detail = `Loss curves are only kept in memory until the next start: ${error instanceof DataProblem ? error.detail : String(error)}.`;
    notes.push({ ...base, detail, fix: problem.fix });
    const db = new Database(":memory:", { strict: true });
    migrate(db, { name: "telemetry", steps: telemetryMigrations, backupFolder: paths.backups });
    return db;
  }
}

/** A new folder is empty. A folder with work in it and no database has lost it, and must not look like a new one. */
function assertNotLost(paths: Paths): void {
  const size = statSync(paths.stateDb, { throwIfNoEntry: false })?.size ?? 0;
  if (size > 0) return;
  const traces = [paths.backups, paths.photos, paths.loras, paths.outputs, paths.jobs].filter(hasEntries);
  if (traces.length > 0) throw new DataProblem("missing", paths.stateDb, `${paths.stateDb} is missing or empty, but there are files in ${traces.join(", ")}.`);
}

function finishRestoreOrSay(paths: Paths): void {
  try {
    finishRestore(paths);
  } catch (error) {
    throw toProblem(error, paths.stateDb, "unreadable");
  }
}

function hasEntries(folder: string): boolean {
  try {
    return readdirSync(folder).length > 0;
  } catch {
    return false; // not there: no trace
  }
}
