import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import type { Job } from "../../contract/job.ts";
import { waitFor } from "../../testing/wait.ts";
import { maxOpenJobs } from "./insert.ts";
import { openRig, type Rig } from "../testing/rig.ts";

setDefaultTimeout(60_000);

let rig: Rig;
beforeEach(() => void (rig = openRig()));
afterEach(() => rig.close());

// With the first and the last, which the test asks for, the queue is as full as it may be.
const [ended, waiting] = [100_000, maxOpenJobs - 2];

const copy = (number: number) => `job-${String(number).padStart(26, "0")}`;

/** Copies of a real row, so that the rows are as the product writes them. */
function plant(): Job {
  const pattern = rig.paint("the first", 1);
  const columns = rig.db.query<{ name: string }, []>("select name from pragma_table_info('job')").all().map(({ name }) => name);
  const change: Record<string, string> = {
    id: "printf('job-%026d', n)", seq: "seq + n", position: "position + n", title: "'Job ' || n", idempotency_key: "null",
    state: `case when n <= ${ended} then 'succeeded' else state end`, files_removed_at: `case when n <= ${ended} then created_at end`, started_at: `case when n <= ${ended} then created_at end`, finished_at: `case when n <= ${ended} then created_at end`,
  };
  rig.db.query(
    `with recursive number(n) as (select 1 union all select n + 1 from number where n < ${ended + waiting})
     insert into job (${columns.join(", ")}) select ${columns.map((name) => change[name] ?? name).join(", ")} from number, job where id = ?`,
  ).run(pattern.id);
  return pattern;
}

test("F57: with 10,000 jobs waiting and 100,000 ended, pages are whole, the order holds, and what is asked for is done", async () => {
  const ran: string[] = [];
  rig.painter.work = async (job, host) => {
    ran.push(host.jobId);
    return { kind: "failed", failure: { code: "unknown", what: job.prompt, why: "A test.", fix: "None.", tail: [] } };
  };
  const first = plant();
  const last = rig.paint("the last");
  expect(() => rig.paint("one too many")).toThrow("The queue is full.");

  // Pages of the list lead from the newest to the oldest without a gap and without a repetition.
  const seen = new Set<string>();
  let before: string | undefined;
  for (let page = 0; page < 120; page++) {
    const jobs = rig.jobs.queue.list({ kind: "generation", limit: 100, ...(before === undefined ? {} : { before }) });
    for (const { id } of jobs) seen.add(id);
    before = jobs.at(-1)!.id;
  }
  expect(seen.size).toBe(12_000);
  expect([...seen][0]).toBe(last.id);

  // The line: what is shown is its beginning. A person brings the last to the front, and stops one in the middle.
  expect(rig.jobs.actions.view().waiting).toHaveLength(500);
  rig.events.length = 0;
  rig.jobs.actions.move(last.id, { position: 0 });
  const stopped = copy(ended + 5);
  rig.jobs.queue.cancel(stopped, "generation");
  expect(rig.jobs.actions.view().waiting.slice(0, 3).map(({ job }) => job.id)).toEqual([last.id, first.id, copy(ended + 1)]);

  // A start over all of this, and the work begins at the front.
  await rig.restart();
  await waitFor("fifty have run", () => ran.length >= 50, 30_000);
  const expected = [last.id, first.id, ...Array.from({ length: 60 }, (_, index) => copy(ended + 1 + index)).filter((id) => id !== stopped)];
  const done = ran.slice(0, 50);
  expect(done).toEqual(expected.slice(0, 50));
  expect(new Set(ran).size).toBe(ran.length);
  expect(rig.db.query<{ n: number }, []>("select count(*) as n from job").get()!.n).toBe(ended + waiting + 2);
});
