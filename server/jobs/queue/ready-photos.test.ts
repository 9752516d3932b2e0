import { afterEach, beforeEach, expect, test } from "bun:test";
import { openRig } from "../testing/rig.ts";

let rig: ReturnType<typeof openRig>;
beforeEach(() => void (rig = openRig()));
afterEach(() => rig.close());

const context = { correlationId: "cor-test", idempotencyKey: null };

test("a training takes photos of an earlier version only after they were looked at", async () => {
  const { id } = rig.character();
  rig.db.run("update photo set is_plain = 0");
  const job = await rig.jobs.admission.train({ characterId: id, preset: "quick" }, context);
  expect(job.state).toBe("queued");
  expect(rig.db.query<{ n: number }, []>("select count(*) as n from photo where is_plain = 0").get()).toEqual({ n: 0 });
});

test("where that takes too long the training is refused with how many are left, and nothing is queued", async () => {
  const { id } = rig.character();
  rig.oldPhotos.ready = async () => 1200;
  const refused = await rig.jobs.admission.train({ characterId: id, preset: "quick" }, context).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "conflict", message: "1,200 photos are still being made ready for training.", fix: "Try again in a minute." });
  expect(rig.jobs.queue.list({ limit: 10 })).toEqual([]);
});
