import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { closeSync, cpSync, existsSync, ftruncateSync, openSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Paths } from "../files/paths.ts";
import { mapPaths } from "../files/paths.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { seededRandom } from "../testing/random.ts";
import { DataInUse, DataProblem } from "./data-problem.ts";
import { applicationId } from "./migrate.ts";
import { journalOf } from "./open.ts";
import { openData } from "./open-data.ts";
import { back, close, contentOf, dataFolder, fill, withData } from "./testing/data.ts";

const seeds = Number(process.env["ISENGARD_TEST_SEEDS"] ?? 100);

function problemOf(paths: Paths): DataProblem {
  try {
    close(openData(paths));
  } catch (error) {
    if (error instanceof DataProblem) return error;
    throw error;
  }
  throw new Error("The data was opened.");
}

function prepare(paths: Paths): void {
  withData(paths, (data) => {
    fill(data, "first");
    back(paths, data);
  });
}

test(`F47: of ${seeds} random damages each is either found and explained, or the database opens; the file is left as it was`, () => {
  using source = dataFolder();
  prepare(source.paths);
  const outcomes = { found: 0, opened: 0 };
  for (let seed = 0; seed < seeds; seed++) {
    using folder = temporaryFolder();
    cpSync(source.paths.root, folder.path, { recursive: true });
    const paths = mapPaths(folder.path);
    const what = damage(paths.stateDb, seed);
    const before = Bun.hash(readFileSync(paths.stateDb));
    try {
      close(openData(paths));
      outcomes.opened++;
    } catch (error) {
      if (!(error instanceof DataProblem)) throw new Error(`seed ${seed} (${what}) threw something else`, { cause: error });
      expect(error.helpsRestore).toBe(true);
      expect(Bun.hash(readFileSync(paths.stateDb))).toBe(before);
      outcomes.found++;
    }
  }
  expect(outcomes.found).toBeGreaterThan(seeds / 2);
}, 120_000);

/** The first page, some page, cut off, emptied, zeros: what disks and people do to files. */
function damage(path: string, seed: number): string {
  const random = seededRandom(seed * 7919 + 1);
  const size = statSync(path).size;
  const kind = ["first page", "some page", "cut off", "emptied", "zeros"][seed % 5]!;
  const fd = openSync(path, "r+");
  const noise = Buffer.from(Array.from({ length: 512 + random(4096) }, () => random(256)));
  if (kind === "first page") writeSync(fd, noise, 0, Math.min(noise.length, 4096), random(100));
  if (kind === "some page") writeSync(fd, noise, 0, noise.length, 4096 * (1 + random(size / 4096 - 2)));
  if (kind === "cut off") ftruncateSync(fd, 1 + random(size - 1));
  if (kind === "emptied") ftruncateSync(fd, 0);
  if (kind === "zeros") writeSync(fd, Buffer.alloc(size), 0, size, 0);
  closeSync(fd);
  return kind;
}

test("F48: an empty or deleted database in a folder with work in it is missed, not replaced by an empty one", () => {
  using folder = dataFolder();
  const { paths } = folder;
  prepare(paths);
  truncateSync(paths.stateDb, 0);
  expect(problemOf(paths)).toMatchObject({ kind: "missing", helpsRestore: true });
  rmSync(paths.stateDb);
  expect(problemOf(paths).kind).toBe("missing");
  expect(existsSync(paths.stateDb)).toBe(false);
  rmSync(paths.backups, { recursive: true });
  close(openData(paths));
});

test("a first start that was killed before anything was written begins again", () => {
  using folder = dataFolder();
  writeFileSync(folder.paths.stateDb, "");
  close(openData(folder.paths));
});

test("F49: a newer database and one of another program are refused without being touched", () => {
  using folder = dataFolder();
  const { paths } = folder;
  prepare(paths);
  const change = (sql: string) => {
    const db = new Database(paths.stateDb);
    db.run(sql);
    db.close();
  };
  change("pragma user_version = 99");
  expect(problemOf(paths)).toMatchObject({ kind: "newer", fix: expect.stringContaining("Start the newer Isengard") });
  change("pragma user_version = 1");
  change("pragma application_id = 252006673");
  expect(problemOf(paths).kind).toBe("foreign");
});

test("every database says that it is Isengard's", () => {
  using folder = dataFolder();
  withData(folder.paths, ({ state, telemetry }) => {
    for (const db of [state, telemetry]) expect(db.query("pragma application_id").values()).toEqual([[applicationId]]);
  });
});

test("damaged loss curves never stand in the way: they are kept aside, begun anew, and it is said", () => {
  using folder = dataFolder();
  const { paths } = folder;
  prepare(paths);
  writeFileSync(paths.telemetryDb, "garbage".repeat(1000));
  withData(paths, ({ telemetry, notes }) => {
    expect(notes).toMatchObject([{ id: "telemetry", detail: expect.stringContaining("kept as") }]);
    expect(telemetry.query("select count(*) from metric").values()).toEqual([[0]]);
  });
  expect(readdirSync(paths.data).filter((name) => name.startsWith("telemetry.db.damaged-")).length).toBe(1);
  withData(paths, ({ notes }) => expect(notes).toEqual([]));
});

test("where a write-ahead log cannot be made, a rollback journal is used, and it is said", () => {
  using folder = dataFolder();
  const { paths } = folder;
  // A link to nowhere: the file behind it can neither be found nor made.
  symlinkSync(join(paths.root, "absent", "x"), `${paths.stateDb}-trial-wal`);
  withData(paths, (data) => {
    expect([journalOf(data.state), journalOf(data.telemetry)]).toEqual(["delete", "wal"]);
    expect(data.notes).toMatchObject([{ id: "journal" }]);
    fill(data, "first");
    expect(data.state.query("pragma synchronous").values()).toEqual([[2]]);
    expect(data.state.query("pragma locking_mode").values()).toEqual([["exclusive"]]);
    back(paths, data);
  });
});

test("a database that another process holds is in use, which is neither damage nor a reason to touch it", async () => {
  using folder = dataFolder();
  const { paths } = folder;
  const code = `const { openDatabase } = await import(${JSON.stringify(join(import.meta.dir, "open.ts"))});
    globalThis.db = openDatabase(${JSON.stringify(paths.stateDb)}, "FULL"); db.run("create table t (a)"); console.log("held"); setInterval(() => {}, 1000);`;
  const child = Bun.spawn(["bun", "-e", code], { stdout: "pipe" });
  await child.stdout.getReader().read();
  expect(() => openData(paths)).toThrow(DataInUse);
  child.kill("SIGKILL");
  await child.exited;
  close(openData(paths));
});

test("a database from a volume with a write-ahead log opens on one without, if the log was empty", () => {
  using folder = dataFolder();
  const { paths } = folder;
  prepare(paths);
  const before = contentOf(paths.stateDb);
  for (const end of ["-wal", "-trial-wal"]) symlinkSync(join(paths.root, "absent", "x"), paths.stateDb + end);
  withData(paths, (data) => expect(journalOf(data.state)).toBe("delete"));
  expect(contentOf(paths.stateDb)).toEqual(before);
});
