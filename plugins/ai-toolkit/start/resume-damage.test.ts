import { afterAll, afterEach, expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { temporaryFolder } from "../../../server/testing/folder.ts";
import { seededRandom } from "../../../server/testing/random.ts";
import { waitFor } from "../../../server/testing/wait.ts";
import { TestJob, type TestHost } from "../../conformance/test-host.ts";
import { trainingJob } from "../../conformance/training.ts";
import { checkLora } from "../ends/final-file.ts";
import { trainingPresets } from "../presets.ts";
import { simulatorSettings } from "../testing-settings.ts";
import { trainingBackend } from "../training.ts";

const seed = Number(process.env["ISENGARD_TEST_SEED"] ?? Date.now() % 100_000);
const random = seededRandom(seed);
const folder = temporaryFolder();
const jobs: TestJob[] = [];
afterEach(async () => {
  for (const job of jobs.splice(0)) await job.dispose();
});
afterAll(() => folder.remove());

const saveEvery = 20;
const values = { ...trainingPresets(3)[0]!.values, steps: 400, saveEvery, sampleEvery: 1000, resolutions: [512], samplePrompts: [] };
const backend = trainingBackend(simulatorSettings("ok", 6));
const stepOf = (host: TestHost) => host.updates.at(-1)?.step ?? 0;

/** Steps of the checkpoints in the folder, newest first. */
const saved = (output: string) => readdirSync(output)
  .flatMap((name) => /_(\d{9})\.safetensors$/.exec(name)?.[1] ?? []).map(Number).sort((one, other) => other - one);

interface Damage {
  readonly name: string;
  /** Whether the newest checkpoint is lost by it. */
  readonly loses: boolean;
  spoil(checkpoint: string, output: string): void;
}

const damages: Damage[] = [
  { name: "nothing is damaged", loses: false, spoil: () => {} },
  { name: "the newest checkpoint is cut off", loses: true, spoil: (path) => truncateSync(path, random(readFileSync(path).length)) },
  { name: "the newest checkpoint begins with rubbish", loses: true, spoil: (path) => {
    const bytes = readFileSync(path);
    for (let at = 0; at < 64; at++) bytes[at] = random(256);
    writeFileSync(path, bytes);
  } },
  { name: "the newest checkpoint is empty", loses: true, spoil: (path) => writeFileSync(path, "") },
  { name: "the optimizer's file is gone", loses: false, spoil: (_path, output) => rmSync(join(output, "optimizer.pt")) },
];

for (const { name, loses, spoil } of damages) {
  test(`Q14: after a kill at a random step, where ${name}, no more than one save interval is repeated (seed ${seed})`, async () => {
    const job = new TestJob(folder.path);
    jobs.push(job);
    const request = await trainingJob(folder.path, values);
    const output = join(job.dir, "output", request.name);
    const host = job.host(1);
    const first = backend.train(request, host);
    const at = 2 * saveEvery + 1 + random(3 * saveEvery);
    await waitFor(`step ${at} is reached`, () => stepOf(host) >= at && saved(output).length >= 2, 60_000);
    process.kill(job.children.get("1/train")!.pid, "SIGKILL");
    expect((await first).kind).not.toBe("succeeded");
    const [newest = 0] = saved(output);
    const reached = stepOf(host);
    const checkpoint = join(output, `${request.name}_${String(newest).padStart(9, "0")}.safetensors`);
    const whole = checkLora(checkpoint).complete;
    spoil(checkpoint, output);

    const next = job.host(2);
    const second = backend.train(request, next);
    await waitFor("the next attempt is prepared", () => job.children.has("2/train"), 60_000);
    expect(job.artifacts.has(basename(checkpoint))).toBe(!loses && whole);
    const resumedAt = () => next.lines.map((line) => /Found step (\d+) in metadata/.exec(line)?.[1]).find((step) => step !== undefined);
    const begun = Number(await waitFor("it trains again", resumedAt, 60_000));
    next.cancel();
    expect((await second).kind).toBe("stopped");
    // A save that the kill itself cut off was not made.
    expect(begun).toBe(loses || !whole ? newest - saveEvery : newest);
    expect(reached - newest).toBeLessThanOrEqual(saveEvery);
    expect([...job.warnings].some((sentence) => sentence.includes("was set aside before training"))).toBe(loses || !whole);
  }, 120_000);
}
