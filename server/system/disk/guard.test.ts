import { expect, test } from "bun:test";
import { existsSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openDatabase } from "../../db/open.ts";
import { createLog } from "../../base/log.ts";
import { temporaryFolder } from "../../testing/folder.ts";
import { run, smallDisk } from "../../testing/mount.ts";
import { waitFor } from "../../testing/wait.ts";
import { deviceOf } from "./device.ts";
import { forecastCheck, forecastNeed, forecastRest, forecastTraining } from "./forecast.ts";
import { DiskGuard, type DiskGuardOptions } from "./guard.ts";
import { diskLevels, type DiskSpace } from "./levels.ts";

const gib = 1024 ** 3;
const mib = 1024 ** 2;
const onVolume = (volumeBytes: number) => ({ volumeBytes, scratchBytes: 0 });
const small = { ...diskLevels, warnBytes: 0, warnFraction: 0, trainingBytes: 8 * mib, generationBytes: 6 * mib, emergencyBytes: 2 * mib, reserveFromBytes: 6 * mib, reserveBytes: 4 * mib };

function make(folder: string, free: Record<string, number>, extra: Partial<DiskGuardOptions> = {}) {
  const lines: string[] = [];
  const swept: number[] = [];
  const guard = new DiskGuard({
    volume: "/volume", scratch: "/scratch", reserveFile: join(folder, "reserve"), log: createLog({ write: (line) => lines.push(line) }, "info"),
    sweep: async (wanted) => {
      swept.push(wanted);
      return { files: 3, bytes: wanted };
    },
    space: async (path): Promise<DiskSpace> => ({ path, freeBytes: free[path]!, totalBytes: path === "/volume" ? 100 * gib : 50 * gib }),
    deviceOf: (path) => (path === "/volume" ? 1 : 2), levels: { ...diskLevels, reserveBytes: mib }, ...extra,
  });
  return { guard, lines, swept };
}

test.each([
  [25, "ok", true, true], [19, "warning", true, true], [9, "warning", false, true], [4, "error", false, false], [0.5, "error", false, false],
] as const)("with %d GiB free the disk is %s, a training may start: %p, pictures: %p", async (free, state, training, pictures) => {
  using folder = temporaryFolder();
  const { guard } = make(folder.path, { "/volume": free * gib, "/scratch": 40 * gib });
  await guard.refresh();
  expect(guard.checks()[0]!.state).toBe(state);
  expect([guard.mayStart("training").ok, guard.mayStart("generation").ok]).toEqual([training, pictures]);
});

test("one in ten left is a warning also on a large disk", async () => {
  using folder = temporaryFolder();
  const { guard } = make(folder.path, {}, { deviceOf: () => 1, space: async (path) => ({ path, freeBytes: 90 * gib, totalBytes: 1000 * gib }) });
  await guard.refresh();
  expect(guard.checks().map((check) => check.state)).toEqual(["warning"]);
});

test("the container's disk is watched on its own and can hold a job back", async () => {
  using folder = temporaryFolder();
  const { guard } = make(folder.path, { "/volume": 90 * gib, "/scratch": 2 * gib });
  await guard.refresh();
  expect(guard.checks().map(({ id, state }) => [id, state])).toEqual([["disk", "ok"], ["disk-container", "error"]]);
  expect(guard.mayStart("generation")).toEqual({ ok: false, reason: expect.stringContaining("2.0 GiB are free on the disk of /scratch") });
});

test("one disk stays one disk while others write to it, and what goes to either is taken from both", async () => {
  using folder = temporaryFolder();
  let free = 40 * gib;
  const { guard } = make(folder.path, {}, { deviceOf: () => 7, space: async (path) => ({ path, freeBytes: (free -= mib), totalBytes: 100 * gib }) });
  await guard.refresh();
  expect(guard.checks().map(({ id }) => id)).toEqual(["disk"]);
  const need = { volumeBytes: 25 * gib, scratchBytes: 25 * gib };
  expect(guard.mayStart("training", need)).toEqual({ ok: false, reason: expect.stringContaining("is going to write about 50.0 GiB") });
});

test("a training whose forecast does not fit does not start, and one that runs is warned about", async () => {
  using folder = temporaryFolder();
  const { guard } = make(folder.path, { "/volume": 30 * gib, "/scratch": 40 * gib });
  await guard.refresh();
  const disk = { checkpointBytes: 2 * gib, checkpointsKept: 10, optimizerBytes: 3 * gib, samples: 100 };
  const needed = forecastTraining(disk);
  expect(needed / gib).toBeWithin((11 * 2 + 6) * 1.1, (11 * 2 + 6) * 1.1 + 0.5);
  expect(guard.mayStart("training", onVolume(needed))).toEqual({ ok: false, reason: expect.stringContaining("is going to write about 31") });
  expect(guard.mayStart("training", onVolume(needed / 2)).ok).toBe(true);
  guard.expect("job-1", onVolume(forecastRest(disk, 10 * gib)));
  expect(guard.checks().at(-1)).toMatchObject({ id: "disk-forecast", state: "ok" });
  expect(guard.mayStart("training", onVolume(needed / 2))).toEqual({ ok: false, reason: expect.stringMatching(/of which the running training still needs 2\d/) });
  guard.expect("job-2", onVolume(20 * gib));
  expect(guard.checks().at(-1)).toMatchObject({ id: "disk-forecast", state: "warning" });
  for (const job of ["job-1", "job-2"]) guard.expect(job, null);
  expect(guard.checks().length).toBe(2);
  expect(forecastRest(disk, 1000 * gib)).toBe(Math.ceil(5 * gib * 1.1));
  expect(forecastCheck(1, 2).state).toBe("ok");
});

test("a base model that is downloaded to the container's disk must fit there, and costs nothing on the volume", async () => {
  using folder = temporaryFolder();
  const { guard } = make(folder.path, { "/volume": 90 * gib, "/scratch": 30 * gib });
  await guard.refresh();
  const disk = { checkpointBytes: gib, checkpointsKept: 4, optimizerBytes: gib, samples: 0, downloadBytes: 33 * gib };
  const need = forecastNeed(disk, 0, "scratch");
  expect([need.volumeBytes < 9 * gib, need.scratchBytes]).toEqual([true, Math.ceil(33 * gib * 1.1)]);
  expect(guard.mayStart("training", need)).toEqual({ ok: false, reason: expect.stringContaining("30.0 GiB are free on the disk of /scratch, and this job is going to write about 36.3 GiB") });
  expect(guard.mayStart("training", forecastNeed(disk, 0, "volume")).ok).toBe(true);
  expect(guard.mayStart("training", forecastNeed(disk, 0, "elsewhere")).ok).toBe(true);
});

test("on a small disk a tenth has to be free for a training and a twentieth for pictures", async () => {
  using folder = temporaryFolder();
  const may = async (freeMib: number) => {
    const { guard } = make(folder.path, {}, { space: async (path) => ({ path, freeBytes: freeMib * mib, totalBytes: gib }) });
    await guard.refresh();
    return [guard.mayStart("training").ok, guard.mayStart("generation").ok, guard.checks()[0]!.state];
  };
  expect([await may(110), await may(80), await may(40)]).toEqual([[true, true, "warning"], [false, true, "warning"], [false, false, "error"]]);
});

test("before the first measure and while the disk does not answer nothing is held back and nothing is green", async () => {
  using folder = temporaryFolder();
  const { guard } = make(folder.path, {}, { space: () => Promise.reject(new Error("EIO: i/o error")) });
  expect(guard.checks()[0]).toMatchObject({ state: "unknown", checkedAt: null });
  await guard.refresh();
  expect(guard.checks()[0]).toMatchObject({ state: "unknown", detail: expect.stringContaining("EIO") });
  expect(guard.mayStart("training").ok).toBe(true);
});

test("the reserve is made where there is room, given back below 1 GiB, and made again later", async () => {
  using folder = temporaryFolder();
  const free = { "/volume": 50 * gib, "/scratch": 40 * gib };
  const { guard, lines, swept } = make(folder.path, free);
  const reserve = join(folder.path, "reserve");
  await guard.refresh();
  expect(existsSync(reserve)).toBe(false);
  await guard.refresh();
  expect(statSync(reserve).size).toBe(mib);
  expect(statSync(reserve).blocks * 512).toBeGreaterThanOrEqual(mib);
  free["/volume"] = 0.5 * gib;
  await guard.refresh();
  await guard.refresh();
  expect(existsSync(reserve)).toBe(false);
  expect(swept).toEqual([0.5 * gib]);
  expect(guard.checks()[0]).toMatchObject({ state: "error", detail: expect.stringContaining("was given back") });
  expect(lines.join("")).toContain("disk.reserve-released");
  free["/volume"] = 9 * gib;
  await guard.refresh();
  expect(existsSync(reserve)).toBe(false);
  free["/volume"] = 11 * gib;
  await guard.refresh();
  expect([existsSync(reserve), guard.checks()[0]!.state]).toEqual([true, "warning"]);
});

test("a quota on a disk with room gives the reserve back once and not again and again", async () => {
  using folder = temporaryFolder();
  const { guard, lines } = make(folder.path, { "/volume": 50 * gib, "/scratch": 40 * gib }, { quotaPauseMs: 100 });
  const reserve = join(folder.path, "reserve");
  for (let round = 0; round < 2; round++) await guard.refresh();
  for (let count = 0; count < 5; count++) {
    guard.noteError(Object.assign(new Error("disk quota exceeded"), { code: "EDQUOT" }));
    await guard.refresh();
    expect(existsSync(reserve)).toBe(false);
  }
  expect(lines.length).toBe(1);
  guard.noteError(new Error("something else"));
  await waitFor("it is taken again after the pause", async () => {
    await guard.refresh();
    return existsSync(reserve);
  });
});

test("F38: on a really full disk the next commit succeeds after the reserve was given back", async () => {
  using disk = smallDisk(24 * mib);
  if (disk === null) return console.log("left out: nothing may be mounted here");
  const db = openDatabase(join(disk.path, "state.db"), "FULL");
  db.run("create table t (a)");
  const { guard } = make(disk.path, {}, { volume: disk.path, scratch: disk.path, levels: small, space: undefined as never, intervalMs: 50, quotaPauseMs: 0 });
  await guard.start();
  await waitFor("the reserve is there", () => existsSync(join(disk.path, "reserve")));
  await guard.stop();
  const fill = (name: string) => {
    const blocks = [mib, 65_536, 4096, 1];
    for (const block of blocks) {
      try {
        for (;;) writeFileSync(join(disk.path, name), Buffer.alloc(block), { flag: "a" });
      } catch {
        // full for this size: a smaller one may still fit
      }
    }
  };
  fill("big");
  const insert = db.prepare("insert into t values (?)");
  let failure: unknown = null;
  for (let row = 0; row < 5000 && failure === null; row++) {
    try {
      insert.run("x".repeat(4000));
    } catch (error) {
      failure = error;
    }
  }
  expect(failure).toMatchObject({ code: "SQLITE_FULL" });
  guard.noteError(failure);
  insert.run("saved by the reserve");
  expect(db.query("select count(*) from t where a = 'saved by the reserve'").values()).toEqual([[1]]);
  expect(db.query("pragma quick_check").values()).toEqual([["ok"]]);
  await guard.refresh();
  rmSync(join(disk.path, "big"));
  await guard.refresh();
  await guard.refresh();
  expect(existsSync(join(disk.path, "reserve"))).toBe(true);
  insert.finalize();
  db.close();
});

test("F44: a volume that is gone is said, holds everything back and is used again when it is back", async () => {
  using disk = smallDisk(256 * 1024 ** 2);
  using kept = temporaryFolder();
  if (disk === null) return console.log("left out: nothing may be mounted here");
  const { guard } = make(disk.path, { [disk.path]: 50 * gib, "/scratch": 50 * gib }, { volume: disk.path, deviceOf });
  await guard.refresh();
  expect(guard.mayStart("generation")).toEqual({ ok: true });
  expect(run(["mount", "--bind", disk.path, kept.path]) && run(["umount", "-l", disk.path])).toBe(true);
  await guard.refresh();
  expect(guard.mayStart("generation")).toEqual({ ok: false, reason: `Waits for the volume of ${disk.path}, which is gone.` });
  expect(guard.checks()[0]).toMatchObject({ state: "error", detail: expect.stringContaining("is gone") });
  expect(run(["mount", "--bind", kept.path, disk.path])).toBe(true);
  await guard.refresh();
  expect(guard.mayStart("generation")).toEqual({ ok: true });
  run(["umount", "-l", kept.path]);
});
