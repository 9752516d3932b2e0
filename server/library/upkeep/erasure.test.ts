import { expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createLog } from "../../base/log.ts";
import { openLibrary } from "../../testing/library.ts";
import { Erasure } from "./erasure.ts";
import { Purge } from "./purge.ts";

test("a file that cannot be removed is said, tried again, and holds up no other", async () => {
  using library = openLibrary();
  const { paths } = library;
  const erasure = new Erasure(library);
  const said: string[] = [];
  const log = createLog({ write: (line) => said.push(line) }, "warn");
  const purge = new Purge({ ...library, log, jobs: { hasOpen: () => false, eraseOf: () => 0 }, keepMs: 0 });
  // No system takes a name of this length, whoever asks.
  const tooLong = Array.from({ length: 210 }, (_, index) => join(paths.photos, `${index}${"x".repeat(300)}`));
  erasure.note(tooLong);
  for (let round = 0; round < 2; round++) await purge.run();
  const file = join(paths.photos, "a.jpg");
  writeFileSync(file, "x");
  erasure.note([file]);
  for (let round = 0; round < 2; round++) await purge.run();
  expect(existsSync(file)).toBe(false);
  expect(erasure.waiting()).toBe(tooLong.length);
  expect(purge.checks()).toMatchObject([{ id: "erasure", state: "warning", detail: expect.stringMatching(/^210 deleted files \(data\/photos\/.* could not be erased yet\.$/) }]);
  expect(said).toHaveLength(1);
});

test("a file that is being made is not erased under its maker, and goes when it was not kept", async () => {
  using library = openLibrary();
  const erasure = new Erasure(library);
  const [kept, dropped] = ["kept.png", "dropped.png"].map((name) => join(library.paths.outputs, name)) as [string, string];
  erasure.expect([kept, dropped]);
  for (const path of [kept, dropped]) writeFileSync(path, "x");
  await library.erase();
  expect([existsSync(kept), existsSync(dropped)]).toEqual([true, true]);
  erasure.keep([kept]);
  await erasure.letGo([kept, dropped]);
  expect([existsSync(kept), existsSync(dropped), erasure.waiting()]).toEqual([true, false, 0]);
  erasure.expect([kept]);
  library.db.run("update erasure set held_by = 'run-of-a-dead-server'");
  await library.erase();
  expect(existsSync(kept)).toBe(false);
});
