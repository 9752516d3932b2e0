import { afterAll, describe, test } from "bun:test";
import assert from "node:assert/strict";
import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import { temporaryFolder } from "../../server/testing/folder.ts";
import { waitFor } from "../../server/testing/wait.ts";
import type { VideoBackend, VideoJob, VideoOutcome } from "../interfaces/video.ts";
import { TestJob, type TestHost } from "./test-host.ts";

/** A video backend and a job that takes it at least half a second, so that the suite can act in the middle. */
export interface VideoSubject {
  readonly name: string;
  readonly backend: VideoBackend;
  readonly job: VideoJob;
  /** A job that must fail, and the class of its failure. */
  readonly failing: { readonly job: VideoJob; readonly code: string };
}

export interface VideoCheck {
  readonly title: string;
  run(subject: VideoSubject, root: string): Promise<void>;
}

const endLimitMs = 20_000;

/** What every video backend promises in `interfaces/video.ts`. Each check throws when the promise is broken. */
export const videoChecks: readonly VideoCheck[] = [
  { title: "says what it can do", run: checkCapabilities },
  { title: "renders one complete file in the folder of the job, with rising progress", run: checkResult },
  { title: "never leaves a half file under a final name", run: checkNoHalfFile },
  { title: "cancelling stops one job only and leaves neither process nor file", run: checkCancel },
  { title: "after a crash of the server the same call goes on with the same run", run: checkRestart },
  { title: "a failure is an outcome with a class and three sentences", run: checkFailure },
];

export function describeVideoBackend(subject: VideoSubject): void {
  describe(`video backend ${subject.name}`, () => {
    const folder = temporaryFolder();
    afterAll(() => folder.remove());
    for (const check of videoChecks) test(check.title, () => check.run(subject, folder.path), endLimitMs * 2);
  });
}

async function checkCapabilities({ backend }: VideoSubject): Promise<void> {
  const { supported, reason } = backend.capabilities();
  assert.equal(supported, true, "A backend that is registered must be usable.");
  assert.match(reason, /\.$/, "The reason must be a sentence.");
}

async function checkResult({ backend, job }: VideoSubject, root: string): Promise<void> {
  await withJob(root, async (testJob) => {
    const host = testJob.host();
    const file = succeeded(await inTime(backend.render(job, host)));
    assert.ok(realpathSync(file).startsWith(realpathSync(testJob.dir) + sep), "The file must lie in the folder of the job.");
    assert.ok(isVideo(file), "The file must be a complete MP4 or WebM.");
    const fractions = host.updates.flatMap(({ fraction }) => fraction ?? []);
    assert.ok(fractions.length >= 2, "Progress must be told more than once.");
    assert.deepEqual(fractions, fractions.toSorted((left, right) => left - right), "Progress must not go back.");
  });
}

async function checkNoHalfFile({ backend, job }: VideoSubject, root: string): Promise<void> {
  await withJob(root, async (testJob) => {
    const seen = new Map<string, Set<number>>();
    const look = () => {
      for (const path of videosUnder(testJob.dir)) seen.set(path, (seen.get(path) ?? new Set()).add(statSync(path).size));
    };
    const timer = setInterval(look, 5);
    try {
      const file = succeeded(await inTime(backend.render(job, testJob.host())));
      look();
      assert.deepEqual([...seen.get(file) ?? []], [statSync(file).size], "The file was seen under its name before it was complete.");
    } finally {
      clearInterval(timer);
    }
  });
}

async function checkCancel({ backend, job }: VideoSubject, root: string): Promise<void> {
  await withJob(root, (cancelledJob) => withJob(root, async (otherJob) => {
    const cancelled = cancelledJob.host();
    const both = [backend.render(job, cancelled), backend.render(job, otherJob.host())] as const;
    await begun(cancelled);
    cancelled.cancel();
    assert.deepEqual(await inTime(both[0]), { kind: "stopped" });
    assert.equal(cancelledJob.leftovers(), 0, "A process of the cancelled job is left.");
    assert.deepEqual(videosUnder(cancelledJob.dir), [], "A cancelled job must leave no file under a final name.");
    assert.ok(isVideo(succeeded(await inTime(both[1]))), "The other job must end well.");
  }));
}

async function checkRestart({ backend, job }: VideoSubject, root: string): Promise<void> {
  await withJob(root, async (testJob) => {
    const first = testJob.host();
    void backend.render(job, first);
    await begun(first);
    const children = [...testJob.children.values()].map(({ pid }) => pid);
    first.vanish();
    const file = succeeded(await inTime(backend.render(job, testJob.host())));
    assert.ok(isVideo(file));
    assert.deepEqual([...testJob.children.values()].map(({ pid }) => pid), children, "The running child must be adopted, not started again.");
    assert.deepEqual(videosUnder(testJob.dir), [file], "There must be one video and no copy.");
  });
}

async function checkFailure({ backend, failing }: VideoSubject, root: string): Promise<void> {
  await withJob(root, async (testJob) => {
    const outcome = await inTime(backend.render(failing.job, testJob.host()));
    assert.equal(outcome.kind, "failed");
    if (outcome.kind !== "failed") return;
    assert.equal(outcome.failure.code, failing.code);
    for (const sentence of [outcome.failure.what, outcome.failure.why, outcome.failure.fix]) assert.match(sentence, /\.$/);
    assert.deepEqual(videosUnder(testJob.dir), []);
  });
}

async function withJob(root: string, work: (job: TestJob) => Promise<void>): Promise<void> {
  const job = new TestJob(root);
  try {
    await work(job);
  } finally {
    await job.dispose();
  }
}

function begun(host: TestHost): Promise<boolean> {
  return waitFor("rendering has begun", () => host.updates.some(({ fraction }) => (fraction ?? 0) > 0));
}

function succeeded(outcome: VideoOutcome): string {
  if (outcome.kind !== "succeeded") assert.fail(`It ended as ${JSON.stringify(outcome)}.`);
  return outcome.file;
}

async function inTime(outcome: Promise<VideoOutcome>): Promise<VideoOutcome> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`It did not end within ${endLimitMs} ms.`)), endLimitMs);
  try {
    return await Promise.race([outcome, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function videosUnder(dir: string): string[] {
  const names = readdirSync(dir, { recursive: true, encoding: "utf8" }).filter((name) => /\.(mp4|webm)$/.test(name));
  return names.map((name) => join(dir, name)).sort();
}

/** MP4: boxes that fill the file exactly, `ftyp` first and `mdat` among them. WebM: the EBML mark. */
function isVideo(path: string): boolean {
  const bytes = readFileSync(path);
  if (bytes.subarray(0, 4).equals(Buffer.from([0x1a, 0x45, 0xdf, 0xa3]))) return true;
  const boxes: string[] = [];
  let offset = 0;
  while (offset + 8 <= bytes.length) {
    const length = bytes.readUInt32BE(offset);
    if (length < 8) return false;
    boxes.push(bytes.toString("latin1", offset + 4, offset + 8));
    offset += length;
  }
  return offset === bytes.length && boxes[0] === "ftyp" && boxes.includes("mdat");
}
