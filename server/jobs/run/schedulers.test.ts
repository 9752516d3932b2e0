import { afterEach, beforeEach, expect, test } from "bun:test";
import { seededRandom } from "../../testing/random.ts";
import { waitFor } from "../../testing/wait.ts";
import type { Jobs } from "../jobs.ts";
import { isActive } from "../store/states.ts";
import type { JobStep } from "../store/rows.ts";
import { openRig, type Rig } from "../testing/rig.ts";

/** With two schedulers 1,000 take about 20 s. */
const jobCount = Number(process.env["ISENGARD_TEST_JOBS"] ?? 1_000);
const seed = Number(process.env["ISENGARD_TEST_SEED"] ?? Date.now() % 100_000);
const killsWanted = 20;
const batch = 500;

let rig: Rig;
beforeEach(() => { rig = openRig(); });
afterEach(() => rig.close());

const failure = { code: "vram", what: "Out of memory.", why: "", fix: "", tail: [] };

type Step = JobStep & { readonly job: string };

/** Replays the log of all changes in their order: whoever is claimed must have been free, and so must the lane. */
function overlaps(steps: readonly Step[]): string[] {
  const attempts = new Map<string, number>();
  const found: string[] = [];
  for (const { job, from, to, attempt } of steps) {
    if (to === "claimed" && from !== "claimed") {
      if (attempts.size > 0) found.push(`${job} was claimed while ${[...attempts.keys()].join(", ")} had the lane`);
      attempts.set(job, attempt);
    } else if (isActive(to)) {
      if (attempts.get(job) !== attempt) found.push(`${job} went on with attempt ${attempt}, not ${attempts.get(job)}`);
    } else {
      attempts.delete(job);
    }
  }
  return found;
}

test(`Q4: ${jobCount} jobs, two schedulers and random kills: no two attempts of a job overlap, and all come to an end (seed ${seed})`, async () => {
  rig.db.run("pragma synchronous = off"); // no power is cut here, and a busy disk would take minutes
  const random = seededRandom(seed);
  rig.painter.work = async () => {
    await Bun.sleep(0);
    return { kind: "failed", failure };
  };
  const schedulers: Jobs[] = [rig.open(), rig.open()];
  for (const jobs of schedulers) jobs.dispatcher.start();
  const open = () => rig.db.query<{ n: number }, []>("select count(*) as n from job where finished_at is null").get()!.n;
  const ended = () => rig.db.query<{ n: number }, []>("select count(*) as n from job where finished_at is not null").get()!.n;
  let kills = 0;
  for (let made = 0; made < jobCount; made += batch) {
    for (let index = 0; index < Math.min(batch, jobCount - made); index++) rig.paint();
    while (open() > 0) {
      const until = Math.min(ended() + 1 + random(Math.ceil((2 * jobCount) / killsWanted)), made + batch, jobCount);
      await waitFor(`${until} jobs have ended`, () => ended() >= until, 60_000);
      // As if it had been killed: it writes nothing more, and another one settles what it left.
      const which = random(2);
      await schedulers[which]!.dispatcher.stop();
      schedulers[which] = rig.open();
      schedulers[which].dispatcher.start();
      kills++;
    }
  }
  for (const { dispatcher } of schedulers) await dispatcher.stop();
  const steps = rig.db.query<Step, []>(`select job_id as job, seq, attempt, from_state as "from", to_state as "to", why, at from job_event order by seq`).all();
  expect(overlaps(steps).slice(0, 5)).toEqual([]);
  expect(steps.filter((step) => step.to === "failed")).toHaveLength(jobCount);
  expect(kills).toBeGreaterThan(2);
}, 600_000);

test("Q4: the check itself finds an attempt that overlaps another", () => {
  const step = (job: string, from: JobStep["from"], to: JobStep["to"], attempt = 1): Step => ({ job, seq: 0, attempt, from, to, why: "", at: "" });
  expect(overlaps([step("a", "queued", "claimed"), step("a", "claimed", "failed"), step("b", "queued", "claimed")])).toEqual([]);
  expect(overlaps([step("a", "queued", "claimed"), step("b", "queued", "claimed")])).toHaveLength(1);
  expect(overlaps([step("a", "queued", "claimed"), step("a", "queued", "claimed", 2)])).toHaveLength(1);
});
