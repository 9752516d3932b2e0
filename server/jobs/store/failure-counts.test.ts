import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Failure } from "../../contract/job.ts";
import { openRig, type Rig } from "../testing/rig.ts";

let rig: Rig;
beforeEach(() => { rig = openRig(); });
afterEach(() => rig.close());

const failure = (code: string): Failure => ({ code, what: "It failed.", why: "", fix: "", tail: [] });

async function fail(code: string): Promise<string> {
  rig.painter.work = async () => ({ kind: "failed", failure: failure(code) });
  const { id } = rig.paint();
  await rig.until(id, "failed");
  return id;
}

test("failed attempts are counted by class, what was tried again too, and the unknown ones are named", async () => {
  rig.waitScale = 0.0001;
  rig.start();
  expect(rig.jobs.actions.failures()).toEqual({ days: 30, total: 0, unknown: 0, classes: [], notUnderstood: [] });
  await fail("native_crash");
  const [first, second] = [await fail("unknown"), await fail("unknown")];
  const vram = await fail("vram");
  const counts = rig.jobs.actions.failures();
  expect(counts).toMatchObject({ total: 5, unknown: 2 });
  expect(counts.classes).toEqual([
    { code: "native_crash", failed: 1, retried: 1 }, { code: "unknown", failed: 2, retried: 0 }, { code: "vram", failed: 1, retried: 0 },
  ]);
  expect(counts.notUnderstood.map(({ jobId }) => jobId).sort()).toEqual([first, second].sort());
  expect(rig.jobs.actions.metrics()).toContain('isengard_job_failures_total{class="unknown"} 2\n');

  rig.jobs.actions.remove(first);
  rig.painter.work = async () => ({ kind: "stopped" });
  rig.jobs.actions.retry(vram);
  expect(rig.jobs.actions.failures()).toMatchObject({ unknown: 1, notUnderstood: [{ jobId: second, title: expect.any(String), at: expect.any(String) }] });
  expect(rig.jobs.actions.failures().classes).toContainEqual({ code: "vram", failed: 1, retried: 0 });
});

test("what is older than 30 days is not counted, and a failure from before classes were kept in the steps is", async () => {
  rig.start();
  const [old, recent] = [await fail("unknown"), await fail("hf_auth")];
  const longAgo = new Date(Date.now() - 31 * 24 * 60 * 60_000).toISOString();
  rig.db.query("update job_event set at = ? where job_id = ?").run(longAgo, old);
  rig.db.query("update job set finished_at = ? where id = ?").run(longAgo, old);
  rig.db.query("update job_event set code = null where job_id = ?").run(recent);
  expect(rig.jobs.actions.failures()).toEqual({ days: 30, total: 1, unknown: 0, classes: [{ code: "hf_auth", failed: 1, retried: 0 }], notUnderstood: [] });
});
