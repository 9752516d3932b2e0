import { afterAll, afterEach, expect, spyOn, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { identify, signalProcess } from "../../../server/process/identity.ts";
import { temporaryFolder } from "../../../server/testing/folder.ts";
import { waitFor } from "../../../server/testing/wait.ts";
import { TestJob } from "../../conformance/test-host.ts";
import { trainingJob } from "../../conformance/training.ts";
import { trainingPresets } from "../presets.ts";
import { Silence } from "./silence.ts";
import { simulatorSettings } from "../testing-settings.ts";
import { trainingBackend } from "../training.ts";

const folder = temporaryFolder();
const jobs: TestJob[] = [];
afterEach(async () => {
  for (const job of jobs.splice(0)) await job.dispose();
});
afterAll(() => folder.remove());

const quietMs = 1_500;
const values = { ...trainingPresets(3)[0]!.values, steps: 60, saveEvery: 1000, sampleEvery: 1000, resolutions: [512, 768], samplePrompts: ["{trigger}"] };

test("P6, P8: a training that hangs is reported, whatever stage it is in, is left alone, and goes on", async () => {
  const job = new TestJob(folder.path);
  jobs.push(job);
  const host = job.host(1);
  const done = trainingBackend(simulatorSettings("slow", 8), quietMs).train(await trainingJob(folder.path, values), host);
  const reported: string[] = [];
  const stage = () => host.updates.at(-1)?.stages.find((each) => each.state === "active")?.label ?? "";
  const isOver = () => host.updates.at(-1)?.stages.every((each) => each.state !== "active" && each.state !== "waiting") ?? false;
  for (;;) {
    await waitFor("another stage begins, or all are over", () => isOver() || (stage() !== "" && !reported.includes(stage())), 60_000);
    if (isOver()) break;
    const child = identify(job.children.get("1/train")!.pid);
    if (child === null || !signalProcess(child, "SIGSTOP")) break; // the last stage is over before it is seen
    // A busy machine may have made it silent before; only what is said from now on counts.
    job.warnings.clear();
    const said = await waitFor(`it is reported (${stage()})`, () => [...job.warnings].find((sentence) => /no sign of life|Nothing of the model/.test(sentence)), 20_000);
    expect(said).toMatch(stage() === "Downloading the model"
      ? /^Nothing of the model has arrived for \d+ seconds \(.+ of .+\)\. Check this machine's connection/
      : /for \d+ seconds: no output, no step, no file written/);
    reported.push(stage());
    signalProcess(child, "SIGCONT");
  }
  expect((await done).kind).toBe("succeeded");
  console.log(`reported in: ${reported.join(", ")}`);
  expect(reported).toEqual(expect.arrayContaining(["Downloading the model", "Loading the model", "Training"]));
  expect(reported.length).toBeGreaterThanOrEqual(4);
}, 120_000);

test("P8: where a step takes long, ten of them are waited for", () => {
  const silence = new Silence([], 15 * 60_000);
  expect(silence.limitMs).toBe(15 * 60_000);
  for (let step = 1; step <= 5; step++) silence.reached(step, step * 60_000);
  expect(silence.limitMs).toBe(15 * 60_000);
  for (let step = 6; step <= 20; step++) silence.reached(step, step * 240_000);
  expect(silence.limitMs).toBe(40 * 60_000);
});

test("P6: a file that is written is a sign of life, although nothing is printed", async () => {
  const output = join(folder.path, "writes");
  mkdirSync(output);
  const silence = new Silence([output], 200);
  writeFileSync(join(output, "part"), "");
  const long = performance.now() + 250;
  await waitFor("nothing was heard for longer than the limit", () => {
    writeFileSync(join(output, "part"), "more");
    return performance.now() > long;
  });
  expect(await silence.sentence("Loading the model")).toBeNull();
  const told = await waitFor("the silence is told", () => silence.sentence("Loading the model"));
  expect(told).toContain("(Loading the model)");
});

test("a download that gets no byte is said after three minutes, anything else after fifteen", async () => {
  const silence = new Silence([]);
  const now = performance.now();
  const clock = spyOn(performance, "now").mockReturnValue(now + 4 * 60_000);
  try {
    expect(await silence.sentence("Loading the model", "1.2 GB of 23.8 GB")).toContain("Nothing of the model has arrived for 3 minutes (1.2 GB of 23.8 GB).");
    expect(await silence.sentence("Loading the model")).toBeNull();
    clock.mockReturnValue(now + 16 * 60_000);
    expect(await silence.sentence("Loading the model")).toContain("no sign of life for 15 minutes");
  } finally {
    clock.mockRestore();
  }
});
