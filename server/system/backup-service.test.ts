import { expect, test } from "bun:test";
import { renameSync } from "node:fs";
import { listBackups } from "../db/backup-manifest.ts";
import { type OpenData, openData } from "../db/open-data.ts";
import { close, contentOf, dataFolder, fill } from "../db/testing/data.ts";
import type { Paths } from "../files/paths.ts";
import { createLog } from "../base/log.ts";
import { waitFor } from "../testing/wait.ts";
import { BackupService, type BackupServiceOptions } from "./backup-service.ts";

function make(paths: Paths, data: OpenData, extra: Partial<BackupServiceOptions> = {}) {
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) }, "info");
  return { service: new BackupService({ paths, state: data.state, telemetry: data.telemetry, log, everyMs: 50, lookMs: 10, ...extra }), lines };
}

test("while something changes a backup is made each period, and none while nothing changes", async () => {
  using folder = dataFolder();
  const data = openData(folder.paths);
  const { service } = make(folder.paths, data, { everyMs: 0 });
  const periods = async () => {
    for (let period = 0; period < 3; period++) await service.look();
  };
  await periods();
  expect(service.list()).toEqual([]);
  for (const count of [1, 2]) {
    fill(data, `round ${count}`);
    await periods();
    expect(service.list()).toHaveLength(count);
  }
  await service.stop();
  expect(service.list().map(({ reason, characters }) => [reason, characters])).toEqual([["hourly", 200], ["hourly", 200]]);
  expect(service.checks()[0]).toMatchObject({ state: "ok", detail: expect.stringContaining(service.list()[0]!.createdAt) });
  close(data);
});

test("the end makes a backup of what changed, within its limit, and leaves it out where it would take longer", async () => {
  using folder = dataFolder();
  const data = openData(folder.paths);
  const quick = make(folder.paths, data, { everyMs: 1e9 });
  fill(data, "last", 2000);
  await quick.service.stop();
  expect(quick.service.list().map(({ reason }) => reason)).toEqual(["stop"]);
  await quick.service.stop();
  expect(quick.service.list().length).toBe(1);

  const late = make(folder.paths, data, { everyMs: 1e9, stopLimitMs: 0.001 });
  fill(data, "more");
  await late.service.stop();
  expect(late.service.list().length).toBe(1);
  expect(late.lines.join("")).toContain("backup.skipped");
  close(data);
});

test("a backup that takes too long at the end is given up and leaves nothing behind", async () => {
  using folder = dataFolder();
  const data = openData(folder.paths);
  fill(data, "much", 5000);
  const { service, lines } = make(folder.paths, data, { everyMs: 1e9 });
  await expect(service.make("stop", AbortSignal.timeout(1))).rejects.toThrow();
  expect(service.list()).toEqual([]);
  expect([...new Bun.Glob("*").scanSync({ cwd: folder.paths.backups, dot: true })]).toEqual([]);
  expect(lines.join("")).not.toContain("backup.made");
  close(data);
});

test("requests get their turn while a backup is proven", async () => {
  using folder = dataFolder();
  const data = openData(folder.paths);
  fill(data, "much", 20_000);
  const { service } = make(folder.paths, data);
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await service.make("asked");
  clearInterval(timer);
  expect(turns).toBeGreaterThan(3);
  close(data);
});

test("two at once are made one after the other, and a change during one is in the next", async () => {
  using folder = dataFolder();
  const data = openData(folder.paths);
  const { service } = make(folder.paths, data, { everyMs: 1e9 });
  fill(data, "first");
  const one = service.make("asked");
  const two = service.make("asked");
  await Bun.sleep(0);
  data.state.run("insert into setting (key, value) values ('during', 'x')");
  await Promise.all([one, two]);
  const rows = listBackups(folder.paths.backups).map((backup) => backup.files[0]!.tables["setting"]!.rows);
  expect(rows).toEqual([201, 200]);
  close(data);
});

test("F48: a database that was deleted while it is open is noticed, and its content saved", async () => {
  using folder = dataFolder();
  const data = openData(folder.paths);
  fill(data, "first");
  const { service } = make(folder.paths, data, { everyMs: 1e9 });
  service.start();
  renameSync(folder.paths.stateDb, `${folder.paths.stateDb}.gone`);
  const saved = await waitFor("there is an emergency backup", () => listBackups(folder.paths.backups).find(({ reason }) => reason === "emergency"));
  expect(saved.files[0]!.tables["character"]!.rows).toBe(200);
  expect(service.checks()[0]).toMatchObject({ state: "error", fix: expect.stringContaining("Restart") });
  await service.stop();
  close(data);
  expect(contentOf(`${folder.paths.backups}/${saved.files[0]!.file}`)).toEqual(saved.files[0]!.tables);
});

test("a failure is shown with its reason until one succeeds", async () => {
  using folder = dataFolder();
  const data = openData(folder.paths);
  const { service, lines } = make(folder.paths, data);
  renameSync(folder.paths.backups, `${folder.paths.backups}.away`);
  service.start();
  fill(data, "first");
  await waitFor("the failure is shown", () => service.checks()[0]!.state === "warning");
  expect(lines.join("")).toContain("backup.failed");
  renameSync(`${folder.paths.backups}.away`, folder.paths.backups);
  await waitFor("it is well again", () => service.checks()[0]!.state === "ok" && service.list().length > 0);
  await service.stop();
  close(data);
});
