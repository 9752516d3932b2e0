import { afterEach, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Job } from "../../server/contract/job.ts";
import { seededRandom } from "../../server/testing/random.ts";
import { waitFor } from "../../server/testing/wait.ts";
import { isHolder, kill, scan } from "../chaos/processes.ts";
import { startExecutable, type Started } from "../testing/executable.ts";
import { expectSound } from "../testing/soundness.ts";
import { lorasOf, makeCharacter, post, startTraining, waitForEnd } from "../testing/story.ts";

const flags = ["--mode", "fast-test", "--simulate-speed", "10"];
const random = seededRandom(25);
let server: Started;
afterEach(async () => server?.dispose());

const folderOf = (id: string) => join(server.folder, "data/jobs", id);
const processes = (id: string) => scan(folderOf(id), (mark) => mark.startsWith(id));
const job = (id: string) => server.json<Job>(`/api/training/${id}`);

async function train(steps: number): Promise<string> {
  server = await startExecutable({ flags });
  const ada = await makeCharacter(server, "Ada", 2);
  return (await startTraining(server, ada.id, { steps, saveEvery: 50 })).id;
}

function checkpoints(id: string): string[] {
  const output = join(folderOf(id), "output");
  if (!existsSync(output)) return [];
  return readdirSync(output, { recursive: true }).map((name) => join(output, String(name))).filter((path) => /_\d{9}\.safetensors$/.test(path)).sort();
}

async function untilCheckpoints(id: string, count: number): Promise<void> {
  await waitFor(`${count} checkpoints are there`, () => checkpoints(id).length >= count, 60_000);
}

const stepIn = (path: string) => Number(/_(\d{9})\.safetensors$/.exec(path)![1]);
/** The step at which an attempt began, in AI-Toolkit's own words. */
const startOf = (id: string, attempt: number) => /Loading from [^\r\n]*_(\d{9})\.safetensors/.exec(readFileSync(join(folderOf(id), `attempt-${attempt}/train/pty.log`), "utf8"))?.[1];

test("F08: when the holder of a training is killed its program goes with it, and the training goes on from its last checkpoint", async () => {
  const id = await train(500);
  await untilCheckpoints(id, 2);
  const holder = processes(id).find(isHolder)!;
  const child = processes(id).find((one) => one.run !== null)!;
  kill(holder.pid);
  await waitFor("its program is gone", () => !processes(id).some((one) => one.pid === child.pid), 30_000);
  expect(await waitForEnd(() => server, "training", id)).toMatchObject({ state: "succeeded", attempt: 2, failure: null });
  expect(Number(startOf(id, 2))).toBeGreaterThanOrEqual(100);
  expect((await lorasOf(server)).length).toBe(1);
  await expectSound(server, [id]);
}, 120_000);

const damages: ReadonlyArray<readonly [what: string, damage: (path: string, size: number) => void]> = [
  ["cut off at a byte where the program was killed", (path, size) => truncateSync(path, 1 + random(size - 1))],
  ["with another header", (path) => writeFileSync(path, Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]), readFileSync(path).subarray(8)]))],
];

test("F25, F26: a checkpoint that was cut off or garbled is set aside, and the training goes on from the one before", async () => {
  for (const [what, damage] of damages) {
    const id = await train(400);
    await untilCheckpoints(id, 3);
    await server.kill("SIGKILL");
    for (const one of processes(id)) kill(one.pid);
    await waitFor("nothing lives", () => processes(id).length === 0);
    const [newest, before] = checkpoints(id).reverse() as [string, string];
    damage(newest, statSync(newest).size);
    server = await startExecutable({ folder: server.folder, flags });
    const end = await waitForEnd(() => server, "training", id);
    expect({ what, state: end.state, attempt: end.attempt, failure: end.failure }).toEqual({ what, state: "succeeded", attempt: 2, failure: null });
    expect(end.warnings.join("\n")).toContain(`_${String(stepIn(newest)).padStart(9, "0")}.safetensors was set aside before training`);
    expect(Number(startOf(id, 2))).toBe(stepIn(before));
    await expectSound(server, [id]);
    await server.dispose();
  }
}, 240_000);

test("F24: a training that a person stops is cancelled although its program ended with code 0, and makes no LoRA", async () => {
  const id = await train(3000);
  await untilCheckpoints(id, 1);
  await post(server, `/api/training/${id}/cancel`, {});
  expect(await waitForEnd(() => server, "training", id)).toMatchObject({ state: "cancelled", attempt: 1, failure: null });
  expect(JSON.parse(readFileSync(join(folderOf(id), "attempt-1/train/exit.json"), "utf8"))).toMatchObject({ kind: "exited", code: 0 });
  expect(await lorasOf(server)).toEqual([]);
  expect((await job(id)).results).toEqual([]);
  await expectSound(server, [id]);
}, 120_000);
