import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../testing/folder.ts";
import { DataInUse } from "./data-problem.ts";
import { lockFolder } from "./folder-lock.ts";

async function holder(path: string) {
  const code = `const { lockFolder } = await import(${JSON.stringify(join(import.meta.dir, "folder-lock.ts"))});
    globalThis.lock = lockFolder(${JSON.stringify(path)}); console.log("held"); setInterval(() => {}, 1000);`;
  const child = Bun.spawn(["bun", "-e", code], { stdout: "pipe" });
  await child.stdout.getReader().read();
  return child;
}

test("P3: a folder is held by one process, within a second, and is free once that is killed", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "lock");
  const other = await holder(path);
  const before = performance.now();
  expect(() => lockFolder(path)).toThrow(DataInUse);
  expect(performance.now() - before).toBeLessThan(1000);
  other.kill("SIGKILL");
  await other.exited;
  lockFolder(path)!.release();
});

test("a released lock can be taken again by the same process and by another one", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "lock");
  lockFolder(path)!.release();
  const again = lockFolder(path)!;
  expect(() => lockFolder(path)).toThrow(DataInUse);
  again.release();
  const other = await holder(path);
  expect(() => lockFolder(path)).toThrow(DataInUse);
  other.kill();
  await other.exited;
});

test("rubbish in the lock file keeps nobody out", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "lock");
  writeFileSync(path, "rubbish".repeat(500));
  lockFolder(path)!.release();
});
