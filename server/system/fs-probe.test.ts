import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../testing/folder.ts";
import { run, smallDisk } from "../testing/mount.ts";
import { findMount, probeCheck, probeFolder } from "./fs-probe.ts";

const mounts = `overlay / overlay rw,relatime 0 0
/dev/sda1 /work ext4 rw 0 0
server:/vol /workspace nfs4 rw,vers=4.2 0 0
rclone /with\\040space fuse.rclone rw 0 0
tmpfs /work/tmp tmpfs ro,size=4k 0 0`;

test.each([
  ["/workspace/isengard/data", "nfs4", true, false], ["/work/data", "ext4", false, false], ["/work/tmp/x", "tmpfs", false, true],
  ["/with space/x", "fuse.rclone", true, false], ["/workshop", "overlay", false, false],
])("%s lies on %s", (path, type, isNetwork, isReadOnly) => {
  expect(findMount(path, mounts)).toMatchObject({ type, isReadOnly });
  using folder = temporaryFolder();
  const probe = probeFolder(folder.path, `dev ${folder.path} ${type} rw 0 0`);
  expect(probe.isNetwork).toBe(isNetwork);
  expect(probeCheck(probe, "now").detail).toContain(`(${type})`);
});

test("a healthy folder passes, keeps modes and is left as it was", () => {
  using folder = temporaryFolder();
  const probe = probeFolder(folder.path);
  expect(probe).toMatchObject({ failures: [], keepsModes: true });
  expect(probe.freeBytes).toBeGreaterThan(0);
  expect(probeCheck(probe, "now").state).toBe("ok");
  expect(readdirSync(folder.path)).toEqual([]);
});

test("a folder that is not there, is read-only or full is explained, never thrown", () => {
  expect(probeFolder(join("/proc", "absent")).failures[0]).toContain("making a folder failed");
  using disk = smallDisk(8192);
  if (disk === null) return console.log("left out: nothing may be mounted here");
  const full = probeFolder(disk.path);
  expect(full.failures.join()).toContain("locking failed");
  expect(probeCheck(full, "now")).toMatchObject({ state: "error", fix: expect.stringContaining("local disk") });
  expect(run(["mount", "-o", "remount,ro", disk.path])).toBe(true);
  expect(probeFolder(disk.path)).toMatchObject({ failures: [expect.stringContaining("EROFS")] });
});
