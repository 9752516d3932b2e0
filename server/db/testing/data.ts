import { Database } from "bun:sqlite";
import { makeFolders, mapPaths, type Paths } from "../../files/paths.ts";
import { temporaryFolder } from "../../testing/folder.ts";
import { makeBackup } from "../backup.ts";
import type { BackupManifest } from "../backup-manifest.ts";
import { type ContentDigest, digestContent, runAtOnce } from "../content-hash.ts";
import { openData, type OpenData } from "../open-data.ts";

/** An empty data folder; `await using` removes it. */
export function dataFolder(): { paths: Paths; [Symbol.dispose](): void } {
  const folder = temporaryFolder();
  const paths = mapPaths(folder.path);
  makeFolders(paths);
  return { paths, [Symbol.dispose]: folder.remove };
}

/** Rows enough for several pages of each kind. */
export function fill(data: OpenData, label: string, rows = 200): void {
  const setting = data.state.prepare("insert or replace into setting (key, value) values (?, ?)");
  const character = data.state.prepare(
    "insert or replace into character (id, name, trigger_word, created_at, updated_at, description) values (?, ?, ?, '2026-11-21', '2026-11-21', ?)",
  );
  const metric = data.telemetry.prepare("insert or replace into metric (job_id, key, step, value) values (?, 'loss', ?, ?)");
  for (const db of [data.state, data.telemetry]) db.run("begin");
  for (let row = 0; row < rows; row++) {
    setting.run(`key-${row}`, `${label} ${"x".repeat(200)} ${row}`);
    character.run(`chr-${row}`, `Person ${row}`, `word${row}`, `${label} ${"é".repeat(100)}`);
    metric.run(label, row, row / 7);
  }
  for (const db of [data.state, data.telemetry]) db.run("commit");
  for (const statement of [setting, character, metric]) statement.finalize();
}

export function close(data: OpenData): void {
  data.state.close();
  data.telemetry.close();
}

export function back(paths: Paths, data: OpenData, now?: Date): BackupManifest {
  const sources = [{ name: "state" as const, db: data.state }, { name: "telemetry" as const, db: data.telemetry }];
  return runAtOnce(makeBackup({ folder: paths.backups, sources, reason: "asked", ...(now ? { now } : {}) }));
}

/** The content of a database that nobody has open. */
export function contentOf(path: string): ContentDigest {
  const db = new Database(path);
  try {
    return runAtOnce(digestContent(db));
  } finally {
    db.close();
  }
}

/** Opens, uses, closes. */
export function withData<T>(paths: Paths, use: (data: OpenData) => T): T {
  const data = openData(paths);
  try {
    return use(data);
  } finally {
    close(data);
  }
}
