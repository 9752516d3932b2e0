import { afterEach, beforeEach, expect, test } from "bun:test";
import { seededRandom } from "../../testing/random.ts";
import { waitFor } from "../../testing/wait.ts";
import { isActive, isFinal } from "../store/states.ts";
import { untilStopped } from "../testing/fake-backends.ts";
import { openRig, type Rig, succeed } from "../testing/rig.ts";

let rig: Rig;
beforeEach(() => { rig = openRig(); });
afterEach(() => rig.close());

const progress = (etaSeconds: number | null) => ({
  stages: [], step: 1, totalSteps: 2, fraction: 0.5, speed: "", loss: null, learningRate: null, message: "", etaSeconds,
});
const waitingOf = (id: string) => rig.jobs.store.get(id)!.waiting;

test("a waiting job says what it waits for, how long that takes and how many come before it", async () => {
  let eta: number | null = null;
  rig.trainer.work = async (_job, host) => {
    const timer = setInterval(() => { if (!host.signal.aborted) host.progress(progress(eta)); }, 20);
    await untilStopped(host);
    clearInterval(timer);
    return { kind: "stopped" };
  };
  rig.start();
  const training = rig.train(rig.character().id);
  const first = rig.paint("first");
  const second = rig.paint("second");
  await rig.until(training.id, "running");
  await waitFor("the reason is shown", () => waitingOf(second.id));
  expect(waitingOf(first.id)).toEqual({ code: "gpu", text: "Waits for the training of Ada.", jobId: training.id });
  expect(waitingOf(second.id)!.text).toBe("Waits for the training of Ada, then for 1 other job.");
  for (const [seconds, text] of [[720, ", about 12 minutes left"], [30, ", less than a minute left"], [10_800, ", about 3 hours left"]] as const) {
    eta = seconds;
    await waitFor(`the time left is ${seconds}`, () => {
      rig.jobs.dispatcher.wake();
      return waitingOf(first.id)?.text === `Waits for the training of Ada${text}.`;
    });
  }
  rig.jobs.queue.cancel(first.id);
  await waitFor("the second moves up", () => waitingOf(second.id)?.text.includes("other") === false);
  rig.painter.work = async (_job, host) => {
    await untilStopped(host);
    return { kind: "stopped" };
  };
  rig.jobs.queue.cancel(training.id);
  await waitFor("the second runs", () => isActive(rig.state(second.id)));
  expect(waitingOf(second.id)).toBeNull();
});

test("before a training ComfyUI gives back its memory and is stopped, unless it runs elsewhere", async () => {
  const status = { name: "comfyui", label: "ComfyUI", detail: "", pid: 1, port: 8188, version: "1", since: "" };
  rig.trainer.work = async (_job, host) => succeed(host);
  rig.start();
  rig.statuses.push({ ...status, state: "stopped" });
  await rig.until(rig.train(rig.character("Ada").id).id, "succeeded");
  expect([rig.painter.freed, rig.stopped]).toEqual([[], []]);
  rig.statuses.splice(0, 1, { ...status, state: "ready" });
  await rig.until(rig.train(rig.character("Eva").id).id, "succeeded");
  expect([rig.painter.freed, rig.stopped]).toEqual([["http://127.0.0.1:8188"], ["comfyui"]]);
  rig.statuses.splice(0, 1, { ...status, state: "attached" });
  await rig.until(rig.train(rig.character("Ida").id).id, "succeeded");
  expect(rig.stopped).toEqual(["comfyui"]);
});

test("Q17: whatever is submitted, cancelled, failed or restarted, never do two jobs hold the GPU and all come to an end", async () => {
  const random = seededRandom(20261121);
  const characters = Array.from({ length: 3 }, (_, index) => rig.character(`Ada${"abc"[index]}`).id);
  // Counted for each server: after a restart the functions of the old one still return, in a process that would be dead.
  const working = new Map<object, number>();
  let most = 0;
  const work = async (stopped: Promise<void>, end: number) => {
    const server = rig.jobs;
    working.set(server, (working.get(server) ?? 0) + 1);
    most = Math.max(most, working.get(server)!);
    await Promise.race([stopped, Bun.sleep(random(8))]);
    working.set(server, working.get(server)! - 1);
    return end;
  };
  rig.trainer.work = async (_job, host) => {
    const end = await work(untilStopped(host), random(3));
    if (host.signal.aborted) return { kind: "stopped" };
    if (end === 0) throw new Error("a mistake");
    return end === 1 ? { kind: "interrupted", why: "gone" } : succeed(host);
  };
  rig.painter.work = async (_job, host) => {
    const end = await work(untilStopped(host), random(2));
    if (host.signal.aborted) return { kind: "stopped" };
    return end === 0 ? { kind: "interrupted", why: "gone" } : { kind: "failed", failure: { code: "x", what: "x", why: "", fix: "", tail: [] } };
  };
  const leases = () => rig.db.query<{ n: number }, []>(
    "select count(*) as n from job where state in ('claimed', 'starting', 'running', 'stopping')").get()!.n;
  rig.bus.subscribe(({ event }) => { if (event.type === "job.changed") most = Math.max(most, leases()); });
  const ids: string[] = [];
  rig.start();
  for (let step = 0; step < 300; step++) {
    const choice = random(10);
    if (choice < 3) ids.push(rig.paint().id);
    else if (choice < 6) attempt(() => ids.push(rig.train(characters[random(3)]!).id));
    else if (choice < 9 && ids.length > 0) attempt(() => rig.jobs.queue.cancel(ids[random(ids.length)]!));
    else if (step % 30 === 0) await rig.restart();
    else await Bun.sleep(random(4));
  }
  await waitFor("every job has ended", () => ids.every((id) => isFinal(rig.state(id))), 20_000);
  expect(ids.length).toBeGreaterThan(50);
  expect(most).toBe(1);
  for (const id of ids) {
    const path = rig.path(id);
    expect(path.filter(isFinal)).toHaveLength(1);
    if (path.includes("stopping")) expect(path.at(-1)).not.toBe("queued");
  }
}, 60_000);

/** Refusals (already ended, already training) belong to the model. */
function attempt(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    expect(error).toMatchObject({ name: "AppError" });
  }
}
