import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { copyFileSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openLibrary, type TestLibrary } from "../../testing/library.ts";
import { mayGo } from "./states.ts";
import type { JobRow, JobStep } from "./rows.ts";

let library: TestLibrary;
beforeEach(() => { library = openLibrary(); });
afterEach(() => library.close());

const script = join(import.meta.dir, "../testing", "exit-between.ts");
const atOnce = 4;

/** Every job that is there is there with all that belongs to it, and its history leads to its state. */
function judge(path: string): { states: string[]; problems: string[] } {
  using db = new Database(path);
  const jobs = db.query<JobRow, []>("select * from job").all();
  const problems: string[] = [];
  for (const job of jobs) {
    const steps = db.query<JobStep, [string]>(`select seq, attempt, from_state as "from", to_state as "to", why, at from job_event where job_id = ? order by seq`).all(job.id);
    if (steps.at(-1)?.to !== job.state) problems.push(`is ${job.state}, its history ends with ${steps.at(-1)?.to}`);
    if (steps.some((step, index) => step.from !== (steps[index - 1]?.to ?? null))) problems.push("has a gap in its history");
    if (steps.some((step) => step.from !== null && step.from !== step.to && !mayGo(step.from, step.to))) problems.push("has a step that may not be");
    if (job.request !== '{"prompt":"x"}' || !job.frozen.includes("photos")) problems.push("lacks its request or its frozen settings");
    const isHeld = job.token !== null;
    if (isHeld !== ["claimed", "starting", "running", "stopping"].includes(job.state)) problems.push(`is ${job.state} with token ${job.token}`);
    if (job.state === "stopping" && job.stop_requested_at === null) problems.push("stops without a wish to stop");
  }
  const orphans = db.query<{ n: number }, []>("select count(*) as n from job_event where job_id not in (select id from job)").get()!.n;
  if (orphans > 0) problems.push("events without a job");
  return { states: jobs.map((job) => job.state), problems };
}

test("Q2: a server that ends between any two statements leaves a job whole or not at all", async () => {
  library.db.run("pragma wal_checkpoint(truncate)");
  const empty = library.paths.stateDb;
  const life = async (statement: number) => {
    const root = join(library.paths.root, `life-${statement}`);
    const path = join(root, "data", "state.db");
    await Bun.$`mkdir -p ${join(root, "data")}`.quiet();
    copyFileSync(empty, path);
    const child = Bun.spawn([process.execPath, script, root, String(statement)], { stdout: "pipe", stderr: "inherit" });
    const printed = await new Response(child.stdout).text();
    const code = await child.exited;
    const found = { ...judge(path), statement, isOver: code === 0 && printed !== "" };
    if (!found.isOver) expect(child.signalCode).toBe("SIGKILL");
    rmSync(root, { recursive: true });
    return found;
  };
  const seen: string[] = [];
  let isOver = false;
  for (let next = 0; !isOver && next < 400; next += atOnce) {
    const lives = await Promise.all(Array.from({ length: atOnce }, (_, index) => life(next + index)));
    for (const { states, problems, statement } of lives) {
      if (problems.length > 0) throw new Error(`ended before statement ${statement}: the job ${problems.join("; ")}`);
      seen.push(states[0] ?? "none");
    }
    isOver = lives.every((each) => each.isOver);
  }
  expect(isOver).toBe(true);
  expect(existsSync(empty)).toBe(true);
  expect([...new Set(seen)]).toEqual(["none", "queued", "claimed", "starting", "running", "stopping", "cancelled"]);
  expect(seen.length).toBeGreaterThan(30);
}, 120_000);
