import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Job } from "../../contract/job.ts";
import { AppError } from "../../base/errors.ts";
import { seededRandom } from "../../testing/random.ts";
import { waitFor } from "../../testing/wait.ts";
import { untilStopped } from "../testing/fake-backends.ts";
import { openRig, type Rig } from "../testing/rig.ts";

let rig: Rig;
beforeEach(() => { rig = openRig(); });
afterEach(() => rig.close());

const names = (jobs: readonly Job[]) => jobs.map((job) => String(job.request["prompt"]));
const line = () => names(rig.jobs.actions.view().waiting.map(({ job }) => job));
const paint = (...prompts: string[]) => Object.fromEntries(prompts.map((prompt) => [prompt, rig.paint(prompt).id]));

function codeOf(work: () => unknown): string {
  try {
    work();
    return "none";
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

test("a sentence that is not kept true any more is taken back, also one of an earlier server", async () => {
  rig.painter.work = async (_job, host) => {
    await untilStopped(host);
    return { kind: "stopped" };
  };
  rig.start();
  const { id: running } = rig.paint("running");
  await rig.until(running, "starting");
  const ids = Array.from({ length: 101 }, (_, at) => rig.paint(`waits ${at}`).id);
  const waitingOf = (id: string) => rig.jobs.store.get(id)!.waiting;
  await waitFor("those in front are told", () => waitingOf(ids[99]!) !== null);
  expect(waitingOf(ids[100]!)).toBeNull();
  rig.jobs.actions.setPriority(ids[100]!, 5);
  await waitFor("the last of those told falls behind", () => waitingOf(ids[100]!) !== null && waitingOf(ids[99]!) === null);
  rig.db.query("update job set waiting = ? where id = ?").run(JSON.stringify({ code: "gpu", text: "Waits for a job of long ago." }), ids[99]!);
  await rig.restart();
  await waitFor("it is taken back", () => waitingOf(ids[99]!) === null);
});

test("each change makes a job's revision larger", async () => {
  const revisions = new Map<string, number[]>();
  rig.bus.subscribe(({ event }) => {
    if (event.type === "job.changed") revisions.set(event.job.id, [...(revisions.get(event.job.id) ?? []), event.job.revision]);
  });
  const { id } = rig.paint("a");
  rig.jobs.actions.setPriority(id, 3);
  rig.jobs.queue.cancel(id);
  const told = revisions.get(id)!;
  expect(told.length).toBeGreaterThanOrEqual(3);
  expect(told).toEqual(told.toSorted((a, b) => a - b));
  expect(new Set(told).size).toBe(3);
});

test("Q16: jobs run by priority and then by place, and a person can change both", async () => {
  const ids = paint("a", "b", "c", "d");
  const { actions } = rig.jobs;
  actions.move(ids["d"]!, { before: ids["b"]! });
  expect(line()).toEqual(["a", "d", "b", "c"]);
  actions.move(ids["a"]!, { after: ids["c"]! });
  expect(line()).toEqual(["d", "b", "c", "a"]);
  actions.move(ids["c"]!, { position: 0 });
  expect(line()).toEqual(["c", "d", "b", "a"]);
  expect(actions.setPriority(ids["a"]!, 5)).toMatchObject({ priority: 5 });
  expect(line()).toEqual(["a", "c", "d", "b"]);
  actions.move(ids["b"]!, { after: ids["a"]! });
  expect(line()).toEqual(["a", "b", "c", "d"]);
  const ran: string[] = [];
  rig.painter.work = async (job) => {
    ran.push(job.prompt);
    return { kind: "failed", failure: { code: "x", what: "x", why: "", fix: "", tail: [] } };
  };
  rig.start();
  await waitFor("all have run", () => ran.length === 4);
  expect(ran).toEqual(["a", "b", "c", "d"]);
});

test("every job whose place changed is told, and no other", () => {
  const ids = paint("a", "b", "c", "d");
  rig.events.length = 0;
  rig.jobs.actions.move(ids["c"]!, { before: ids["b"]! });
  const told = rig.events.flatMap((event) => (event.type === "job.changed" ? [String(event.job.request["prompt"])] : []));
  expect(told.sort()).toEqual(["b", "c"]);
});

test("only what waits is moved, beside what waits", async () => {
  rig.painter.work = async (_job, host) => { await untilStopped(host); return { kind: "stopped" }; };
  rig.start();
  const ids = paint("running", "waiting");
  await rig.until(ids["running"]!, "starting");
  const { actions } = rig.jobs;
  expect(codeOf(() => actions.move(ids["running"]!, { position: 0 }))).toBe("conflict");
  expect(codeOf(() => actions.setPriority(ids["running"]!, 3))).toBe("conflict");
  expect(codeOf(() => actions.move(ids["waiting"]!, { before: ids["running"]! }))).toBe("conflict");
  expect(codeOf(() => actions.move(ids["waiting"]!, { before: ids["waiting"]! }))).toBe("invalid_input");
  expect(codeOf(() => actions.move(ids["waiting"]!, {}))).toBe("invalid_input");
  expect(codeOf(() => actions.move(ids["waiting"]!, { before: "job-none", position: 1 }))).toBe("invalid_input");
  expect(codeOf(() => actions.move("job-none", { position: 0 }))).toBe("not_found");
  expect(actions.move(ids["waiting"]!, { position: 99 }).state).toBe("queued");
});

test("Q16: whatever is moved in whatever order, the line is what a list of names says, and no two jobs share a place", () => {
  const random = seededRandom(16);
  const prompts = Array.from({ length: 12 }, (_, index) => `p${index}`);
  const ids = paint(...prompts);
  let model = prompts.map((name) => ({ name, priority: 0 }));
  for (let round = 0; round < 300; round++) {
    const name = prompts[random(prompts.length)]!;
    const moved = model.find((slot) => slot.name === name)!;
    const rest = model.filter((slot) => slot !== moved);
    const at = random(rest.length);
    const neighbour = rest[at]!;
    switch (random(4)) {
      case 0:
        rig.jobs.actions.move(ids[name]!, { before: ids[neighbour.name]! });
        model = rest.toSpliced(at, 0, { name, priority: neighbour.priority });
        break;
      case 1:
        rig.jobs.actions.move(ids[name]!, { after: ids[neighbour.name]! });
        model = rest.toSpliced(at + 1, 0, { name, priority: neighbour.priority });
        break;
      case 2:
        rig.jobs.actions.move(ids[name]!, { position: at });
        model = rest.toSpliced(at, 0, { name, priority: neighbour.priority });
        break;
      default: {
        const priority = random(3) - 1;
        rig.jobs.actions.setPriority(ids[name]!, priority);
        moved.priority = priority;
        model = line().map((each) => model.find((slot) => slot.name === each)!);
        for (let index = 1; index < model.length; index++) expect(model[index]!.priority).toBeLessThanOrEqual(model[index - 1]!.priority);
      }
    }
    expect(line(), `round ${round}`).toEqual(model.map((slot) => slot.name));
  }
  expect(rig.db.query<{ n: number }, []>("select count(distinct position) as n from job").get()!.n).toBe(prompts.length);
}, 60_000);

test("a paused queue begins nothing, says so, survives a restart, and what runs goes on to its end", async () => {
  const end = Promise.withResolvers<void>();
  rig.painter.work = async () => {
    await end.promise;
    return { kind: "failed", failure: { code: "reached", what: "x", why: "", fix: "", tail: [] } };
  };
  rig.start();
  const ids = paint("running", "waiting");
  await waitFor("it runs", () => rig.painter.calls === 1);
  expect(rig.jobs.actions.pause("Back after lunch.")).toMatchObject({ reason: "Back after lunch." });
  expect(rig.events).toContainEqual({ type: "queue.changed", paused: expect.objectContaining({ reason: "Back after lunch." }) });
  await waitFor("the reason is shown", () => rig.jobs.store.get(ids["waiting"]!)!.waiting?.text === "The queue is paused.");
  end.resolve();
  await rig.until(ids["running"]!, "failed");
  await rig.restart();
  await rig.round();
  expect(rig.state(ids["waiting"]!)).toBe("queued");
  expect(rig.jobs.actions.view()).toMatchObject({ paused: { reason: "Back after lunch." }, running: [], waiting: [{ startsInSeconds: null }] });
  rig.jobs.actions.resume();
  await rig.until(ids["waiting"]!, "failed");
  expect(rig.jobs.actions.view()).toMatchObject({ paused: null, waiting: [] });
  expect(names(rig.jobs.actions.view().recent)).toEqual(["waiting", "running"]);
});
