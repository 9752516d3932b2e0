import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { copyFileSync, existsSync, openSync, readdirSync, readFileSync, renameSync, writeFileSync, writeSync, closeSync } from "node:fs";
import { join } from "node:path";
import { seededRandom } from "../testing/random.ts";
import { listBackups } from "./backup-manifest.ts";
import { openData } from "./open-data.ts";
import { findSource, finishRestore, restore } from "./restore.ts";
import { back, close, contentOf, dataFolder, fill, withData } from "./testing/data.ts";

test("a restore gives back exactly what was backed up and keeps what was there, with its journal", () => {
  using folder = dataFolder();
  const { paths } = folder;
  const made = withData(paths, (data) => {
    fill(data, "first");
    return back(paths, data);
  });
  // Left as after a kill: the last commits are only in the journal.
  const copy = withData(paths, (data) => {
    fill(data, "second");
    for (const end of ["", "-wal"]) copyFileSync(paths.stateDb + end, `${paths.stateDb}${end}.killed`);
  });
  expect(copy).toBeUndefined();
  for (const end of ["", "-wal"]) renameSync(`${paths.stateDb}${end}.killed`, paths.stateDb + end);
  const done = restore(paths, findSource(paths, "latest"), new Date("2026-11-21T14:00:00Z"));
  expect(done.setAside).toEqual([`${paths.stateDb}.before-restore-2026-11-21T14-00-00-000Z`, `${paths.telemetryDb}.before-restore-2026-11-21T14-00-00-000Z`]);
  expect(contentOf(paths.stateDb)).toEqual(made.files[0]!.tables);
  expect(contentOf(paths.telemetryDb)).toEqual(made.files[1]!.tables);
  const aside = new Database(done.setAside[0]!);
  expect(aside.query("select value from setting where key = 'key-0'").values()[0]![0]).toStartWith("second");
  aside.close();
  expect(readdirSync(paths.data).filter((name) => name.includes("restor") && !name.includes("before-restore"))).toEqual([]);
});

test("what was set aside can be restored again, its journal included", () => {
  using folder = dataFolder();
  const { paths } = folder;
  withData(paths, (data) => {
    fill(data, "first");
    back(paths, data);
    fill(data, "second");
    for (const end of ["", "-wal"]) copyFileSync(paths.stateDb + end, join(paths.root, `copy.db${end}`));
  });
  restore(paths, findSource(paths, "latest"));
  const done = restore(paths, findSource(paths, join(paths.root, "copy.db")));
  expect(done.databases).toEqual(["state"]);
  withData(paths, ({ state }) => expect(state.query("select value from setting where key = 'key-0'").values()[0]![0]).toStartWith("second"));
});

test.each([
  ["one changed byte", (bytes: Buffer) => bytes.fill(0x41, bytes.length - 900, bytes.length - 899), "was changed since it was made"],
  ["half of it", (bytes: Buffer) => bytes.subarray(0, bytes.length / 2), "no backup of this name"],
])("a backup with %s is refused and nothing is changed", (_, damage, sentence) => {
  using folder = dataFolder();
  const { paths } = folder;
  const made = withData(paths, (data) => {
    fill(data, "first");
    return back(paths, data);
  });
  const file = join(paths.backups, made.files[0]!.file);
  const before = contentOf(paths.stateDb);
  writeFileSync(file, damage(readFileSync(file)));
  expect(() => restore(paths, findSource(paths, made.id))).toThrow(sentence);
  expect(contentOf(paths.stateDb)).toEqual(before);
  expect(readdirSync(paths.data).filter((name) => /restor/.test(name))).toEqual([]);
});

test("files that are no databases of Isengard, or of a newer one, are refused by their content", () => {
  using folder = dataFolder();
  const { paths } = folder;
  withData(paths, (data) => fill(data, "first"));
  const before = contentOf(paths.stateDb);
  const make = (name: string, ...sql: string[]) => {
    const db = new Database(join(paths.root, name));
    for (const each of sql) db.run(each);
    db.close();
    return join(paths.root, name);
  };
  writeFileSync(join(paths.root, "text.db"), "not a database at all, but long enough to be looked at".repeat(100));
  expect(() => restore(paths, findSource(paths, join(paths.root, "text.db")))).toThrow("cannot be opened as a database");
  expect(() => restore(paths, findSource(paths, make("other.db", "create table t (a)")))).toThrow("is not a database of Isengard");
  expect(() => restore(paths, findSource(paths, make("newer.db", "create table t (a)", "pragma user_version = 99")))).toThrow("newer Isengard");
  expect(() => findSource(paths, join(paths.root, "absent.db"))).toThrow("no file");
  expect(() => findSource(paths, "latest")).toThrow("There is no backup");
  expect(contentOf(paths.stateDb)).toEqual(before);
});

test("a restore that was cut off at any step is finished by the next start, never mixed", () => {
  for (let step = 0; step <= 6; step++) {
    using folder = dataFolder();
    const { paths } = folder;
    const made = withData(paths, (data) => {
      fill(data, "first");
      const backup = back(paths, data);
      fill(data, "second", 50);
      return backup;
    });
    for (const file of made.files) copyFileSync(join(paths.backups, file.file), `${file.name === "state" ? paths.stateDb : paths.telemetryDb}.restoring`);
    writeFileSync(join(paths.data, "restore.json"), JSON.stringify({ stamp: "s", names: ["state", "telemetry"] }));
    const moves = [
      () => renameSync(paths.stateDb, `${paths.stateDb}.before-restore-s`),
      () => renameSync(`${paths.stateDb}.restoring`, paths.stateDb),
      () => renameSync(paths.telemetryDb, `${paths.telemetryDb}.before-restore-s`),
      () => renameSync(`${paths.telemetryDb}.restoring`, paths.telemetryDb),
    ];
    for (const move of moves.slice(0, step)) move();
    close(openData(paths));
    expect(contentOf(paths.stateDb)).toEqual(made.files[0]!.tables);
    expect(contentOf(paths.telemetryDb)).toEqual(made.files[1]!.tables);
    expect(existsSync(`${paths.stateDb}.before-restore-s`)).toBe(true);
    finishRestore(paths);
  }
});

test("killed with -9 at random moments of restores, the data is always one whole backup or the other", async () => {
  using folder = dataFolder();
  const { paths } = folder;
  const made = withData(paths, (data) => ["first", "second"].map((label) => {
    fill(data, label, label === "first" ? 300 : 600);
    return back(paths, data);
  }));
  const random = seededRandom(5);
  for (let round = 0; round < 12; round++) {
    const child = Bun.spawn(["bun", join(import.meta.dir, "testing/kill-loop.ts"), "restore", paths.root], { stdout: "pipe", stderr: "ignore" });
    await child.stdout.getReader().read();
    await Bun.sleep(10 + random(150));
    child.kill("SIGKILL");
    await child.exited;
    close(openData(paths));
    const states = made.map((backup) => backup.files[0]!.tables["setting"]!.sha256);
    const curves = made.map((backup) => backup.files[1]!.tables["metric"]!.sha256);
    const which = states.indexOf(contentOf(paths.stateDb)["setting"]!.sha256);
    expect(which).toBeWithin(0, 2);
    expect(contentOf(paths.telemetryDb)["metric"]!.sha256).toBe(curves[which]!);
  }
  expect(listBackups(paths.backups).length).toBe(2);
}, 60_000);

test("F47: a flipped byte anywhere in a stored copy is found before it is used", () => {
  using folder = dataFolder();
  const { paths } = folder;
  const made = withData(paths, (data) => {
    fill(data, "first");
    return back(paths, data);
  });
  const file = join(paths.backups, made.files[0]!.file);
  const whole = readFileSync(file);
  const random = seededRandom(3);
  for (let round = 0; round < 100; round++) {
    const at = random(whole.length);
    const fd = openSync(file, "r+");
    writeSync(fd, Buffer.from([whole[at]! ^ (1 + random(255))]), 0, 1, at);
    closeSync(fd);
    expect(() => restore(paths, findSource(paths, made.id))).toThrow("was changed since it was made");
    writeFileSync(file, whole);
  }
  expect(restore(paths, findSource(paths, made.id)).label).toBe(made.id);
});
