import { afterEach, beforeEach, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Failure } from "../../contract/job.ts";
import { waitFor } from "../../testing/wait.ts";
import { failureCodes, type FailureRule } from "../../shared/failure-codes.ts";
import { endsAtMost } from "../store/retries.ts";
import { openRig, type Rig, succeed } from "../testing/rig.ts";

const rules = Object.entries(failureCodes).flatMap(([code, entry]): Array<[string, FailureRule]> => ("rule" in entry ? [[code, entry.rule]] : []));

let rig: Rig;
beforeEach(() => { rig = openRig(); });
afterEach(() => rig.close());

const failure = (code: string, more: Partial<Failure> = {}): Failure => ({ code, what: `It failed (${code}).`, why: "So it is.", fix: "", tail: [], ...more });
const fails = (code: string) => { rig.painter.work = async () => ({ kind: "failed", failure: failure(code) }); };
const waitingOf = (id: string) => rig.jobs.store.get(id)!.waiting;

for (const [code, rule] of rules) {
  if (rule.kind !== "retry" || code === "interrupted") continue;
  test(`Q12: a failure of the class ${code} is tried ${rule.retries + 1} times and then fails with its own words`, async () => {
    rig.waitScale = 0.0001;
    fails(code);
    rig.start();
    const { id } = rig.paint();
    const end = await rig.until(id, "failed");
    expect(rig.painter.calls).toBe(rule.retries + 1);
    expect(end).toMatchObject({ attempt: rule.retries + 1, waiting: null, failure: { code, why: `So it is. It was tried ${rule.retries + 1} times.` } });
    expect(rig.path(id).filter((state) => state === "interrupted")).toHaveLength(rule.retries);
  });
}

for (const code of ["hf_auth", "config", "vram", "diverged", "install", "unknown"]) {
  test(`Q12: a failure of the class ${code} is not tried again by itself`, async () => {
    fails(code);
    rig.start();
    const { id } = rig.paint();
    expect((await rig.until(id, "failed")).failure).toEqual(failure(code));
    expect(rig.painter.calls).toBe(1);
  });
}

test("a failure that only a person can remove is not tried again, whatever its class", async () => {
  rig.painter.work = async () => ({ kind: "failed", failure: failure("corrupt_model", { lasting: true }) });
  rig.start();
  const { id } = rig.paint();
  await rig.until(id, "failed");
  expect(rig.painter.calls).toBe(1);
});

test("what a failed tool said is stored without secrets and home paths", async () => {
  rig.redactor.addSecret("swordfish-42");
  rig.painter.work = async () => ({ kind: "failed", failure: failure("unknown", { why: "It said swordfish-42.", tail: ["login with swordfish-42 refused"] }) });
  rig.start();
  const { id } = rig.paint();
  const end = await rig.until(id, "failed");
  expect(end.failure?.tail).toEqual(["login with [redacted] refused"]);
  expect(JSON.stringify(rig.db.query("select * from job where id = ?").get(id))).not.toContain("swordfish");
});

test("Q12: while it backs off a job is queued, says when and why it is tried again, and lets others go first", async () => {
  rig.waitScale = 1;
  rig.painter.work = async (job) => ({ kind: "failed", failure: failure(job.prompt === "first" ? "network" : "reached") });
  rig.start();
  const { id } = rig.paint("first");
  await waitFor("it backs off", () => waitingOf(id)?.code === "retry");
  expect(rig.jobs.store.get(id)).toMatchObject({
    state: "queued", failure: null, waiting: { text: "Tries again in 40 s because the network failed (try 2 of 6)." },
  });
  const until = Date.parse(waitingOf(id)!.until!) - Date.now();
  expect(until).toBeGreaterThan(30_000);
  expect(until).toBeLessThanOrEqual(40_000);
  await rig.until(rig.paint("second").id, "failed");
  expect(rig.state(id)).toBe("queued");
  await rig.restart();
  await waitFor("the reason is still there", () => waitingOf(id)?.text.startsWith("Tries again in"));
  expect(rig.painter.calls).toBe(2);
  expect(rig.jobs.actions.retry(id).waiting).toBeNull();
  await waitFor("it is tried at once", () => rig.painter.calls === 3);
  await waitFor("it backs off longer", () => waitingOf(id)?.text.includes("(try 3 of 6)"));
});

test("Q12: Retry-After of the other side is respected", async () => {
  rig.waitScale = 1;
  rig.painter.work = async () => ({ kind: "failed", failure: failure("network", { retryAfterSeconds: 600 }) });
  rig.start();
  const { id } = rig.paint();
  await waitFor("it backs off", () => waitingOf(id)?.text.startsWith("Tries again in 10 minutes"));
  expect(rig.jobs.queue.cancel(id).state).toBe("cancelled");
});

test("Q10: a full disk makes a job wait for room without using an attempt, however often that is looked at", async () => {
  const { disk } = rig;
  rig.waitScale = 0.00001;
  rig.painter.work = async () => {
    if (rig.painter.calls === 1) disk.freeBytes = 0;
    return { kind: "failed", failure: failure(rig.painter.calls === 1 ? "disk_full" : "reached") };
  };
  rig.start();
  const { id } = rig.paint();
  const waiting = await rig.until(id, "snoozed");
  expect(waiting).toMatchObject({ attempt: 0, waiting: { code: "disk", text: expect.stringContaining("Waits for disk space: 0 bytes are free") }, failure: null });
  const steps = rig.path(id).length;
  await waitFor("it was looked at again and again", () => disk.looks > 1000, 20_000);
  for (let round = 0; round < 5; round++) await rig.restart();
  const seen = disk.looks;
  await waitFor("the next server looks too", () => disk.looks > seen + 10);
  expect(rig.path(id)).toHaveLength(steps);
  disk.freeBytes = 1;
  await waitFor("it goes on", () => rig.painter.calls === 2);
  expect(await rig.until(id, "failed")).toMatchObject({ attempt: 1, failure: { code: "reached" } });
}, 40_000);

test("a full disk where there is room (a quota, another disk) is a failure: waiting would change nothing", async () => {
  fails("disk_full");
  rig.start();
  const { id } = rig.paint();
  expect((await rig.until(id, "failed")).failure!.code).toBe("disk_full");
});

/** A training that is broken off in each attempt, just after its checkpoints at these steps. */
function brokenOffAfter(checkpoints: readonly number[]): void {
  rig.trainer.work = async (_job, host) => {
    const step = checkpoints[rig.trainer.calls - 1];
    if (step === undefined) return succeed(host);
    const path = join(host.jobDir, `ada_${step}.safetensors`);
    writeFileSync(path, "");
    if (step > 0) host.artifact({ kind: "checkpoint", name: `ada_${step}.safetensors`, path, step, promptIndex: null });
    return { kind: "interrupted", why: "Ended from outside." };
  };
}

test("a training that passes a new checkpoint each time is not given up, however often it is broken off", async () => {
  rig.waitScale = 0.0001;
  brokenOffAfter([5, 10, 15, 20, 25, 30]);
  rig.start();
  const { id } = rig.train(rig.character().id);
  expect(await rig.until(id, "succeeded")).toMatchObject({ attempt: 7 });
});

test("one that does not get ahead is, counted from where it stands", async () => {
  rig.waitScale = 0.0001;
  brokenOffAfter([0, 5, 10, 10, 10, 10]);
  rig.start();
  const { id } = rig.train(rig.character().id);
  expect(await rig.until(id, "failed")).toMatchObject({ attempt: 5, failure: { code: "interrupted_too_often", what: expect.stringContaining("broken off 3 times") } });
});

test("and so is one that is broken off for ever", async () => {
  rig.waitScale = 0.00001;
  brokenOffAfter(Array.from({ length: endsAtMost + 20 }, (_, index) => index + 1));
  rig.start();
  const { id } = rig.train(rig.character().id);
  expect((await rig.until(id, "failed")).attempt).toBeWithin(endsAtMost, endsAtMost + 4);
}, 30_000);

test("a stop during a back-off ends the job, and it is not tried again", async () => {
  rig.waitScale = 0.001;
  fails("network");
  rig.start();
  const { id } = rig.paint();
  await waitFor("it backs off", () => waitingOf(id)?.code === "retry");
  const due = Date.parse(waitingOf(id)!.until!);
  rig.jobs.queue.cancel(id);
  const { calls } = rig.painter;
  await waitFor("its time would have come", () => Date.now() > due);
  await rig.round();
  expect([rig.state(id), rig.painter.calls]).toEqual(["cancelled", calls]);
});

test("F39, F41: a job whose files the disk does not take waits for room or is tried again later, as its fault is the disk's", async () => {
  const { disk } = rig;
  rig.waitScale = 1;
  rig.painter.work = async () => {
    if (rig.painter.calls === 1) disk.freeBytes = 0;
    throw Object.assign(new Error("write"), { code: rig.painter.calls === 1 ? "ENOSPC" : "EIO" });
  };
  rig.start();
  const full = rig.paint("first");
  expect(await rig.until(full.id, "snoozed")).toMatchObject({ attempt: 0, waiting: { code: "disk" }, failure: null });
  disk.freeBytes = 1;
  const refused = rig.paint("second");
  await waitFor("it backs off", () => waitingOf(refused.id)?.text === "Tries again in 40 s because the disk could not be read or written (try 2 of 6).");
  for (const { id } of [full, refused]) rig.jobs.queue.cancel(id);
});

test("F39: a disk that is full beside a volume with room fails the job with what to do, and Retry goes on", async () => {
  rig.painter.work = async () => { throw Object.assign(new Error("write"), { code: rig.painter.calls === 1 ? "EFBIG" : "unexpected" }); };
  rig.start();
  const { id } = rig.paint();
  expect((await rig.until(id, "failed")).failure).toMatchObject({ code: "disk_full", fix: "Free disk space, then press Retry." });
  rig.jobs.actions.retry(id);
  await waitFor("it is tried again", () => rig.painter.calls === 2);
});
