import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../server/testing/folder.ts";
import { waitFor } from "../../server/testing/wait.ts";
import { pngSize, readPngText } from "../comfyui/protocol/png.ts";
import type { ImageBackend, ImageJob } from "../interfaces/image.ts";
import type { ServiceSpec } from "../plugin.ts";
import { DurableJob, TestImageHost, TestServices } from "./image-host.ts";

/** A backend with its services, playing a scenario. `lorasDir` is where the suite may put LoRA files. */
export interface ImageSubject {
  readonly backend: ImageBackend;
  readonly services: readonly ServiceSpec[];
}

export interface ImageSuite {
  readonly name: string;
  /** The service whose process the suite kills. */
  readonly service: string;
  create(scenario: string, dirs: { readonly root: string; readonly lorasDir: string }): ImageSubject;
  /** A scenario in which a job is sure to fail, and the code that it must fail with. */
  readonly failing: { readonly scenario: string; readonly code: string };
  /** One in which the tool sends nonsense, yet pictures come out; null when it cannot be played. */
  readonly garbage: string | null;
}

interface Bench extends ImageSubject {
  readonly running: TestServices;
  host(id: string): TestImageHost;
  again(host: TestImageHost): TestImageHost;
}

/** What every image backend promises in `interfaces/image.ts`, tried with real processes. */
export function describeImageBackend(suite: ImageSuite): void {
  describe(`image backend ${suite.name}`, () => {
    const folder = temporaryFolder();
    const benches: Bench[] = [];
    const bench = (scenario: string) => openBench(suite, scenario, join(folder.path, `${scenario}-${benches.length}`), benches);
    let usual: Bench;
    beforeAll(() => { usual = bench("ok"); });
    afterAll(async () => {
      for (const { running } of benches) await running[Symbol.asyncDispose]();
      folder.remove();
    });

    describeResults(() => usual);
    describeCancelling(() => usual);
    describeCrashes(suite, () => usual);

    test("a failure is an outcome with a class and three sentences, not an exception", async () => {
      const failing = bench(suite.failing.scenario);
      const outcome = await failing.backend.generate(job({}), failing.host("job-fails"));
      if (outcome.kind !== "failed") throw new Error(`It ended as ${outcome.kind}.`);
      expect(outcome.failure.code).toBe(suite.failing.code);
      for (const sentence of [outcome.failure.what, outcome.failure.why, outcome.failure.fix]) expect(sentence).toMatch(/^\S.*[.]$/s);
      expect(outcome.failure.tail.length).toBeWithin(1, 31);
    });

    test.skipIf(suite.garbage === null)("nonsense from the tool costs no picture", async () => {
      const noisy = bench(suite.garbage ?? "");
      const host = noisy.host("job-noise");
      expect(await noisy.backend.generate(job({ seeds: [1, 2] }), host)).toEqual({ kind: "succeeded" });
      expect(host.job.outputs.size).toBe(2);
    });

    test("without its tool it fails and says so", async () => {
      const none = usual;
      const host = new TestImageHost(new DurableJob("job-alone", join(folder.path, "alone")), new TestServices([], folder.path));
      const outcome = await none.backend.generate(job({}), host);
      expect(outcome.kind).toBe("failed");
    });
  });
}

function describeResults(usual: () => Bench): void {
  test("makes every picture in its size with its settings inside", async () => {
    const { backend, host: newHost } = usual();
    const host = newHost("job-results");
    const asked = job({ seeds: [11, 12, 13], width: 768, height: 1344 });
    expect(await backend.generate(asked, host)).toEqual({ kind: "succeeded" });
    expect([...host.job.outputs.keys()]).toEqual([0, 1, 2]);
    for (const [index, { bytes, settings }] of host.job.outputs) {
      expect(pngSize(bytes)).toEqual({ width: 768, height: 1344 });
      expect(JSON.parse(readPngText(bytes).get("isengard") ?? "")).toEqual(settings);
      expect(settings).toMatchObject({ v: 1, job: "job-results", seed: asked.seeds[index] ?? -1, prompt: asked.prompt, steps: asked.steps });
    }
  });

  test("equal settings give an equal picture, another seed another one", async () => {
    const { backend, host: newHost } = usual();
    const host = newHost("job-seeds");
    await backend.generate(job({ seeds: [5, 6, 5] }), host);
    const pixels = [0, 1, 2].map((index) => withoutText(host.job.outputs.get(index)?.bytes));
    expect(pixels[0]).not.toBe(pixels[1] ?? "");
    expect(pixels[2]).toBe(pixels[0] ?? "");
  });

  test("progress never goes back and ends at one with every stage done", async () => {
    const { backend, host: newHost } = usual();
    const host = newHost("job-progress");
    await backend.generate(job({ seeds: [21, 22] }), host);
    const fractions = host.seen.flatMap(({ fraction }) => fraction ?? []);
    expect(fractions.length).toBeGreaterThan(4);
    expect(fractions).toEqual(fractions.toSorted((left, right) => left - right));
    const last = host.seen.at(-1);
    expect(last?.fraction).toBe(1);
    expect(last?.stages.every(({ state }) => state === "done")).toBe(true);
    expect([last?.step, last?.totalSteps]).toEqual([40, 40]);
  });
}

function describeCancelling(usual: () => Bench): void {
  test("cancelling stops one job only, and soon", async () => {
    const { backend, host: newHost } = usual();
    const [cancelled, other] = [newHost("job-cancelled"), newHost("job-other")];
    const both = [
      backend.generate(job({ seeds: [31, 32, 33], steps: 50 }), cancelled),
      backend.generate(job({ seeds: [34, 35] }), other),
    ];
    await waitFor("the first job samples", () => cancelled.seen.some(({ step }) => step > 0));
    cancelled.cancel();
    const [first, second] = await Promise.all(both);
    expect(first).toEqual({ kind: "stopped" });
    expect(second).toEqual({ kind: "succeeded" });
    expect(cancelled.job.outputs.size).toBeLessThan(3);
    expect(other.job.outputs.size).toBe(2);
  });

  test("cancelling before it begins leaves nothing behind", async () => {
    const { backend, host: newHost } = usual();
    const host = newHost("job-early");
    host.cancel();
    expect(await backend.generate(job({}), host)).toEqual({ kind: "stopped" });
    expect(host.job.outputs.size).toBe(0);
  });
}

function describeCrashes(suite: ImageSuite, usual: () => Bench): void {
  test("after a crash of the server the same call goes on without doubling a picture", async () => {
    const { backend, host: newHost, again } = usual();
    const asked = job({ seeds: [41, 42, 43] });
    const first = newHost("job-crash");
    const crashed = crashAt(first, () => first.job.outputs.size === 1 && first.seen.at(-1)?.step === 30);
    void backend.generate(asked, first).catch(() => { /* This call belongs to the server that died. */ });
    await crashed;
    const second = again(first);
    expect(await backend.generate(asked, second)).toEqual({ kind: "succeeded" });
    expect([...first.job.outputs.keys()].sort()).toEqual([0, 1, 2]);
    expect(first.job.doubled).toBe(0);
  });

  test("a picture that was submitted before the crash is taken up and not submitted again", async () => {
    const { backend, host: newHost, again } = usual();
    const asked = job({ seeds: [44] });
    const first = newHost("job-adopt");
    const crashed = crashAt(first, () => (first.seen.at(-1)?.step ?? 0) >= 3);
    void backend.generate(asked, first).catch(() => { /* As above. */ });
    await crashed;
    const submitted = [...first.job.remembered.entries()];
    expect(submitted.length).toBeGreaterThan(0);
    expect(await backend.generate(asked, again(first))).toEqual({ kind: "succeeded" });
    expect([...first.job.remembered.entries()]).toEqual(submitted);
  });

  test("F30: when the tool dies in the middle the attempt ends in the class of that end, and the next makes the picture", async () => {
    const { backend, host: newHost, again, running } = usual();
    const host = newHost("job-tool-died");
    const asked = job({ seeds: [51, 52] });
    const outcome = backend.generate(asked, host);
    await waitFor("it samples", () => host.seen.some(({ step }) => step >= 2));
    await running.crash(suite.service);
    expect(await outcome).toMatchObject({ kind: "failed", failure: { code: "killed" } });
    expect(await backend.generate(asked, again(host))).toEqual({ kind: "succeeded" });
    expect([...host.job.outputs.keys()]).toEqual([0, 1]);
    expect([...host.job.outputs.values()].map(({ settings }) => settings.seed)).toEqual([51, 52]);
    expect(host.job.doubled).toBe(0);
  });

  test("when the tool is restarted on purpose in the middle, the same call makes the picture", async () => {
    const { backend, host: newHost, running } = usual();
    const host = newHost("job-tool-restarted");
    const outcome = backend.generate(job({ seeds: [53] }), host);
    await waitFor("it samples", () => host.seen.some(({ step }) => step >= 2));
    await (await running.use(suite.service)).restart("The test wants it.");
    expect(await outcome).toEqual({ kind: "succeeded" });
    expect(host.job.doubled).toBe(0);
  });
}

/** Resolves when the condition holds; from then on the host is dead: nothing of the old call reaches the job any more. */
function crashAt(host: TestImageHost, condition: () => boolean): Promise<boolean> {
  const dead = () => { throw new Error("The server of this call is dead."); };
  return waitFor("the moment of the crash", () => {
    if (!condition()) return false;
    host.onRemember = dead;
    host.onOutput = dead;
    return true;
  });
}

function openBench(suite: ImageSuite, scenario: string, root: string, benches: Bench[]): Bench {
  const lorasDir = join(root, "loras");
  mkdirSync(lorasDir, { recursive: true });
  const subject = suite.create(scenario, { root, lorasDir });
  const running = new TestServices(subject.services, root);
  const opened: Bench = {
    ...subject, running,
    host: (id) => new TestImageHost(new DurableJob(id, join(root, "jobs", id)), running),
    again: (host) => new TestImageHost(host.job, running),
  };
  benches.push(opened);
  return opened;
}

function job(given: Partial<ImageJob>): ImageJob {
  return {
    prompt: "portrait of a woman in a garden, größe", model: "flux-dev", loras: [], seeds: [1],
    width: 512, height: 512, steps: 20, guidance: 3.5, ...given,
  };
}

/** The picture without its texts, which hold the file name and differ on purpose. */
function withoutText(bytes: Uint8Array | undefined): string {
  if (!bytes) return "";
  const idat = Buffer.from(bytes).indexOf("IDAT");
  return Bun.hash(bytes.subarray(idat)).toString(36);
}
