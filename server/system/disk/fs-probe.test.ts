import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../testing/folder.ts";
import { canTrace } from "../../testing/strace.ts";
import { run, smallDisk } from "../../testing/mount.ts";
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

test.skipIf(!canTrace)("F45: a volume that answers a read with other bytes, or with none, is found out", async () => {
  using folder = temporaryFolder();
  const script = `const { probeFolder } = await import(${JSON.stringify(join(import.meta.dir, "fs-probe.ts"))}); console.log(JSON.stringify(probeFolder(${JSON.stringify(folder.path)}).failures));`;
  // The probe's file carries the number of its process, which the shell hands on.
  const traced = 'mkdir "$0/.probe-$$" && touch "$0/.probe-$$/b" && exec strace -D -o /dev/null -P "$0/.probe-$$/b" -e trace=read,pread64 -e "inject=read,pread64:retval=$1:when=1" "$2" -e "$3"';
  for (const bytes of ["0", "8"]) {
    const child = Bun.spawn(["sh", "-c", traced, folder.path, bytes, process.execPath, script], { stdout: "pipe", stderr: "inherit" });
    expect(await new Response(child.stdout).text()).toContain("reading a file back failed: other bytes came back");
    await child.exited;
  }
});
