import { afterEach, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Job } from "../../server/contract/job.ts";
import { identify } from "../../server/process/identity.ts";
import { run } from "../../server/testing/mount.ts";
import { waitFor } from "../../server/testing/wait.ts";
import { kill, scan } from "../chaos/processes.ts";
import { startExecutable, type Started } from "../testing/executable.ts";
import { expectSound } from "../testing/soundness.ts";
import { makeCharacter, startGeneration, startTraining, waitForEnd } from "../testing/story.ts";

const flags = ["--mode", "fast-test", "--simulate-speed", "10"];
const values = { steps: 900, saveEvery: 50 };
const canUnshare = run(["unshare", "--mount", "--pid", "--fork", "true"]);
let server: Started;
afterEach(async () => server?.dispose());

/** A training that has saved something, and pictures that wait behind it. */
async function work(): Promise<{ training: string; pictures: string }> {
  const ada = await makeCharacter(server, "Ada", 2);
  const training = await startTraining(server, ada.id, values);
  const pictures = await startGeneration(server, { count: 1, width: 256, height: 256, steps: 4 });
  await waitFor("there is a checkpoint", () => checkpoints(training.id).length > 1, 60_000);
  return { training: training.id, pictures: pictures.id };
}

function checkpoints(id: string): string[] {
  const output = join(server.folder, "data/jobs", id, "output");
  if (!existsSync(output)) return [];
  return readdirSync(output, { recursive: true }).map(String).filter((name) => /_\d{9}\.safetensors$/.test(name)).sort();
}

/** Both jobs ended well, the training in a second attempt that went on from its checkpoint. */
async function expectResumed({ training, pictures }: { training: string; pictures: string }): Promise<void> {
  expect(await waitForEnd(() => server, "training", training)).toMatchObject({ state: "succeeded", attempt: 2, failure: null });
  expect(await waitForEnd(() => server, "generation", pictures)).toMatchObject({ state: "succeeded", failure: null });
  const { events } = await server.json<{ events: Array<{ to: Job["state"] }> }>(`/api/jobs/${training}/events`);
  const states = events.map(({ to }) => to);
  expect(states.slice(states.indexOf("interrupted"), states.indexOf("interrupted") + 2)).toEqual(["interrupted", "queued"]);
  const second = readFileSync(join(server.folder, "data/jobs", training, "attempt-2/train/pty.log"), "utf8");
  expect(second).toContain("Loading from");
  await expectSound(server, [training, pictures]);
}

test.skipIf(!canUnshare)("F16: after a reboot every open job is interrupted and goes on from its checkpoint, and who has the numbers of its processes now is left alone", async () => {
  server = await startExecutable({ flags });
  const jobs = await work();
  await server.kill("SIGKILL");
  for (const one of scan(server.folder, (mark) => mark.startsWith(jobs.training))) kill(one.pid);
  await waitFor("nothing lives", () => scan(server.folder, (mark) => mark.startsWith(jobs.training)).length === 0);
  const stranger = Bun.spawn(["sleep", "600"]);
  giveNumbersTo(stranger.pid, join(server.folder, "data/jobs", jobs.training, "attempt-1/train/holder.json"));
  const bootId = join(server.folder, "boot-id");
  writeFileSync(bootId, `${crypto.randomUUID()}\n`);
  const otherBoot = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"', bootId];
  server = await startExecutable({ folder: server.folder, flags, wrapper: otherBoot });
  await expectResumed(jobs);
  expect([stranger.exitCode, stranger.signalCode]).toEqual([null, null]);
  stranger.kill();
  await stranger.exited;
}, 180_000);

/** As if the numbers of holder and child had been given to somebody who even began at the same tick. */
function giveNumbersTo(pid: number, file: string): void {
  const record = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  const { start } = identify(pid)!;
  writeFileSync(file, JSON.stringify({ ...record, holderPid: pid, holderStart: start, childPid: pid, childStart: start }));
}

test.skipIf(!canUnshare)("F17: as the first process of a pod it ends in order when the pod is stopped, and its training goes on in the next one", async () => {
  const asFirst = ["unshare", "--pid", "--fork", "--mount-proc"];
  server = await startExecutable({ flags, wrapper: asFirst });
  const jobs = await work();
  const first = Number(readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, "utf8").trim());
  expect(readFileSync(`/proc/${first}/status`, "utf8")).toMatch(/^NSpid:\s+\d+\s+1$/m);
  process.kill(first, "SIGTERM");
  await waitFor("it ended", () => identify(first) === null, 15_000);
  // unshare ends as its child did.
  expect(await server.kill("SIGCONT")).toBe(0);
  expect(server.printed()).not.toContain("Did not stop in time");
  server = await startExecutable({ folder: server.folder, flags });
  await expectResumed(jobs);
}, 180_000);
