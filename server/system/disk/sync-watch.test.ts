import { expect, test } from "bun:test";
import { join } from "node:path";
import { createLog } from "../../base/log.ts";
import { temporaryFolder } from "../../testing/folder.ts";
import { waitFor } from "../../testing/wait.ts";
import { canTrace, injectInto } from "../../testing/strace.ts";
import { SyncWatch } from "./sync-watch.ts";

const log = createLog({ write: () => {} }, "error");

test("a disk that stores a byte at once is not worth a word, and one that is gone is told by others", async () => {
  using folder = temporaryFolder();
  const watch = new SyncWatch({ folder: folder.path, log });
  await watch.look();
  expect(watch.checks()).toEqual([]);
  const gone = new SyncWatch({ folder: join(folder.path, "missing"), log });
  await gone.look();
  expect(gone.checks()).toEqual([]);
});

test.skipIf(!canTrace)("F42: a disk that takes seconds is warned about while one waits and afterwards, until it is fast again", async () => {
  using folder = temporaryFolder();
  const watch = new SyncWatch({ folder: folder.path, log, slowMs: 500 });
  const heal = await injectInto(process.pid, "fsync,fdatasync:delay_enter=1500000");
  const looking = watch.look();
  await waitFor("it is warned about", () => watch.checks()[0]?.detail.includes("has not stored a single byte"));
  await looking;
  await heal();
  expect(watch.checks()[0]).toMatchObject({ id: "disk-speed", state: "warning", detail: expect.stringMatching(/needed [1-9]\.\d s to store a single byte/) });
  await watch.look();
  expect(watch.checks()).toEqual([]);
});
