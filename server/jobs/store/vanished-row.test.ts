import { afterEach, beforeEach, expect, test } from "bun:test";
import { untilStopped } from "../testing/fake-backends.ts";
import { openRig, type Rig } from "../testing/rig.ts";

let rig: Rig;
beforeEach(() => void (rig = openRig()));
afterEach(() => rig.close());

test.each(["ends well", "fails", "throws", "is asked to stop"])("a job whose row vanished while it ran, and that then %s, harms neither the queue nor the job behind it", async (how) => {
  const { promise: go, resolve } = Promise.withResolvers<void>();
  rig.painter.work = async (job, host) => {
    if (job.prompt === "behind") return { kind: "failed", failure: { code: "unknown", what: "It ran.", why: "A test.", fix: "None.", tail: [] } };
    await go;
    host.log("info", "test.line", "still here");
    if (how === "is asked to stop") await untilStopped(host);
    if (how === "throws") throw new Error("out of order");
    if (how === "fails") return { kind: "failed", failure: { code: "unknown", what: "It failed.", why: "A test.", fix: "None.", tail: [] } };
    return { kind: "succeeded" };
  };
  rig.start();
  const gone = rig.paint("gone");
  await rig.until(gone.id, "starting");
  const behind = rig.paint("behind");
  if (how === "is asked to stop") rig.jobs.queue.cancel(gone.id, "generation");
  rig.db.run("pragma foreign_keys = off");
  rig.db.query("delete from job where id = ?").run(gone.id);
  rig.db.run("pragma foreign_keys = on");
  resolve();
  await rig.until(behind.id, "failed");
  expect(rig.jobs.store.get(gone.id)).toBeNull();
  expect(rig.jobs.store.get(behind.id)).toMatchObject({ attempt: 1, failure: { what: "It ran." } });
});
