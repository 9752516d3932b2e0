import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { appendFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { seededRandom } from "../testing/random.ts";
import { makeBackup } from "./backup.ts";
import { type BackupManifest, hasState, listBackups, outdated, pruneBackups } from "./backup-manifest.ts";
import { compareContent, digestContent, runAtOnce } from "./content-hash.ts";
import { migrate } from "./migrate.ts";
import { stateMigrations } from "./migrations/index.ts";
import { openDatabase } from "./open.ts";
import { openData } from "./open-data.ts";
import { back, contentOf, dataFolder, fill, withData } from "./testing/data.ts";
import { findSource, restore } from "./restore.ts";

test("a backup holds what the databases held: row counts and content hashes of every table", () => {
  using folder = dataFolder();
  withData(folder.paths, (data) => {
    fill(data, "one");
    const made = back(folder.paths, data);
    expect(made.files.map((file) => file.name)).toEqual(["state", "telemetry"]);
    for (const [index, db] of [data.state, data.telemetry].entries()) {
      expect(compareContent(runAtOnce(digestContent(db)), made.files[index]!.tables)).toEqual([]);
      expect(contentOf(join(folder.paths.backups, made.files[index]!.file))).toEqual(made.files[index]!.tables);
    }
    expect(made.files[0]!.tables["setting"]!.rows).toBe(200);
    expect(listBackups(folder.paths.backups)).toEqual([made]);
  });
});

test("a copy that differs by one letter, which SQLite's own check does not see, is refused and removed", () => {
  using folder = dataFolder();
  withData(folder.paths, (data) => {
    fill(data, "one");
    const work = makeBackup({ folder: folder.paths.backups, sources: [{ name: "state", db: data.state }], reason: "asked" });
    while (readdirSync(folder.paths.backups).length === 0) work.next();
    const [part] = readdirSync(folder.paths.backups);
    const copy = new Database(join(folder.paths.backups, part!));
    copy.run("update setting set value = 'two' where key = 'key-7'");
    expect(copy.query("pragma integrity_check").values()).toEqual([["ok"]]);
    copy.close();
    expect(() => runAtOnce(work)).toThrow("the content of setting differs");
    expect(readdirSync(folder.paths.backups)).toEqual([]);
  });
});

test("a database that is too large for a snapshot in memory gives the same backup", () => {
  using folder = dataFolder();
  withData(folder.paths, (data) => {
    fill(data, "one");
    const plan = { folder: folder.paths.backups, sources: [{ name: "state" as const, db: data.state }], reason: "asked" as const };
    const tables = [undefined, 0].map((limit) => runAtOnce(makeBackup({ ...plan, ...(limit === undefined ? {} : { snapshotLimitBytes: limit }) })).files[0]!.tables);
    expect(tables[1]).toEqual(tables[0]!);
    expect(tables[1]!["setting"]!.rows).toBe(200);
  });
});

test("one letter, one row, one table and one definition change the hash, and nothing else does", () => {
  const make = (...sql: string[]) => {
    const db = new Database(":memory:");
    for (const each of ["create table t (a text primary key, b real)", "insert into t values ('x', 0.1), ('y', null)", ...sql]) db.run(each);
    return runAtOnce(digestContent(db));
  };
  const base = make();
  expect(compareContent(base, make())).toEqual([]);
  expect(compareContent(base, make("update t set a = 'X' where a = 'x'"))).toEqual(["the content of t differs"]);
  expect(compareContent(base, make("update t set b = 0.10000000000000002 where a = 'x'"))).toEqual(["the content of t differs"]);
  expect(compareContent(base, make("delete from t where a = 'y'"))).toEqual(["t has 1 rows instead of 2"]);
  expect(compareContent(base, make("create index i on t (b)"))).toEqual(["sqlite_schema has 3 rows instead of 2"]);
  expect(compareContent(base, make("create table u (a)")).length).toBe(2);
});

test("F47: a file that was cut, changed or lost is no backup any more, and a manifest cannot name files elsewhere", () => {
  using folder = dataFolder();
  const { paths } = folder;
  const made = withData(paths, (data) => [1, 2, 3].map(() => back(paths, data)));
  appendFileSync(join(paths.backups, made[0]!.files[0]!.file), "x");
  rmSync(join(paths.backups, made[1]!.files[1]!.file));
  expect(listBackups(paths.backups).map((one) => one.id)).toEqual([made[2]!.id]);
  writeFileSync(join(paths.backups, `${made[0]!.id}.json`), JSON.stringify({ ...made[0], files: [{ ...made[0]!.files[0], file: "../state.db", sizeBytes: 0 }] }));
  writeFileSync(join(paths.backups, `${made[1]!.id}.json`), '{"format":1');
  expect(listBackups(paths.backups).map((one) => one.id)).toEqual([made[2]!.id]);
});

test("killed with -9 at any moment of a backup: what is listed is good, and what is left over is cleared away", async () => {
  using folder = dataFolder();
  const { paths } = folder;
  withData(paths, (data) => fill(data, "one", 1000));
  const random = seededRandom(7);
  for (let round = 0; round < 12; round++) {
    const child = Bun.spawn(["bun", join(import.meta.dir, "testing/kill-loop.ts"), "backup", paths.root], { stdout: "pipe", stderr: "ignore" });
    await child.stdout.getReader().read();
    await Bun.sleep(20 + random(200));
    child.kill("SIGKILL");
    await child.exited;
  }
  const backups = listBackups(paths.backups);
  expect(backups.length).toBeGreaterThan(3);
  for (const one of backups) for (const file of one.files) expect(contentOf(join(paths.backups, file.file))).toEqual(file.tables);
  for (const name of readdirSync(paths.backups).filter((each) => each.includes(".part"))) utimesSync(join(paths.backups, name), 1, 1);
  pruneBackups(paths.backups);
  expect(readdirSync(paths.backups).filter((each) => each.includes(".part"))).toEqual([]);
  const whole = withData(paths, (data) => runAtOnce(digestContent(data.state)));
  expect(restore(paths, findSource(paths, "latest")).databases).toEqual(["state", "telemetry"]);
  expect(contentOf(paths.stateDb)).toEqual(whole);
}, 60_000);

function manifest(day: number, hour: number, reason: BackupManifest["reason"], name: "state" | "telemetry" = "state"): BackupManifest {
  const createdAt = new Date(Date.UTC(2026, 0, day, hour)).toISOString();
  return { format: 1, id: `${createdAt.replaceAll(/[:.]/g, "-")}-${reason}`, createdAt, reason, build: "dev", files: [{ name, file: "f", sizeBytes: 1, sha256: "", schemaVersion: 1, tables: {} }] };
}

test("kept are the last 24, the last of each of 7 days, and ten from before migrations", () => {
  const hourly = Array.from({ length: 30 * 24 }, (_, index) => manifest(1 + Math.floor(index / 24), index % 24, "hourly")).reverse();
  const migrations = Array.from({ length: 14 }, (_, index) => manifest(1 + index, 12, "before-migration")).reverse();
  const all = [...hourly, ...migrations].sort((one, other) => (one.createdAt < other.createdAt ? 1 : -1));
  const gone = new Set(outdated(all));
  const kept = all.filter((one) => !gone.has(one));
  expect(kept.filter((one) => one.reason === "hourly").length).toBe(24 + 6);
  expect(kept.filter((one) => one.reason === "before-migration").map((one) => one.createdAt)).toEqual(migrations.slice(0, 10).map((one) => one.createdAt));
  expect(new Set(kept.filter((one) => one.reason === "hourly").map((one) => one.createdAt.slice(0, 10))).size).toBe(7);
});

test("whatever is there, the newest backup of the state database is never removed", () => {
  const random = seededRandom(11);
  const reasons = ["hourly", "stop", "asked", "before-migration", "emergency"] as const;
  for (let round = 0; round < 300; round++) {
    const all = Array.from({ length: 1 + random(60) }, () => manifest(1 + random(28), random(24), reasons[random(5)]!, random(4) === 0 ? "telemetry" : "state"))
      .sort((one, other) => (one.createdAt < other.createdAt ? 1 : -1));
    const newest = all.find(hasState);
    if (newest) expect(outdated(all)).not.toContain(newest);
  }
});

test("F49: a step to a newer version makes a proven backup first, and the old version can go back to it", () => {
  using folder = dataFolder();
  const { paths } = folder;
  const old = openDatabase(paths.stateDb, "FULL");
  migrate(old, { name: "state", steps: stateMigrations.slice(0, 1), backupFolder: paths.backups });
  old.run("insert into setting (key, value) values ('mode', 'fast-test')");
  const before = runAtOnce(digestContent(old));
  old.close();
  withData(paths, (data) => expect(data.state.query("select value from setting").values()).toEqual([["fast-test"]]));
  const [made] = listBackups(paths.backups);
  expect([made?.reason, made?.files[0]!.schemaVersion, made?.files[0]!.tables]).toEqual(["before-migration", 1, before]);
});

test("without a good backup no step is taken", () => {
  using folder = dataFolder();
  const { paths } = folder;
  const old = openDatabase(paths.stateDb, "FULL");
  migrate(old, { name: "state", steps: stateMigrations.slice(0, 1), backupFolder: paths.backups });
  old.close();
  rmSync(paths.backups, { recursive: true });
  writeFileSync(paths.backups, "not a folder");
  expect(() => openData(paths)).toThrow("could not be brought to this version");
  const left = new Database(paths.stateDb);
  expect(left.query("pragma user_version").values()).toEqual([[1]]);
  left.close();
});
