import { afterEach, expect, test } from "bun:test";
import type { Job } from "../../server/contract/job.ts";
import type { ServiceStatus, SystemStatus } from "../../server/contract/system.ts";
import { canTrace, injectInto } from "../../server/testing/strace.ts";
import { waitFor } from "../../server/testing/wait.ts";
import { startExecutable, type Started } from "../testing/executable.ts";
import { expectSound } from "../testing/soundness.ts";
import { makeCharacter, post, startGeneration, startTraining, waitForEnd } from "../testing/story.ts";
import { openTab } from "../testing/tab.ts";

/** Ten minutes are tried with ISENGARD_TEST_STOP_SECONDS=600. Longer than one question to a tool may take, so that one is missed. */
const stopSeconds = Number(process.env["ISENGARD_TEST_STOP_SECONDS"] ?? 8);
const limitMs = 180_000 + stopSeconds * 2000;
const small = { count: 1, width: 256, height: 256, steps: 4 };
let server: Started;
afterEach(async () => server?.dispose());

const comfyui = async (): Promise<ServiceStatus> => (await server.json<SystemStatus>("/api/status")).services.find(({ name }) => name === "comfyui")!;
const job = (id: string) => server.json<Job>(`/api/jobs/${id}`);
const printed = (id: string) => Bun.file(`${server.folder}/data/jobs/${id}/attempt-1/train/pty.log`).size;

async function pictures(): Promise<string> {
  const { id } = await startGeneration(server, small);
  expect(await waitForEnd(() => server, "generation", id)).toMatchObject({ state: "succeeded", attempt: 1, failure: null });
  return id;
}

async function training(): Promise<string> {
  const ada = await makeCharacter(server, "Ada", 2);
  const { id } = await startTraining(server, ada.id, { steps: 3500 });
  await waitFor("it trains", async () => ((await job(id)).progress?.step ?? 0) > 2, 60_000);
  return id;
}

/** The training was never touched: same attempt, and it goes on. Then it is stopped, and everything must be in order. */
async function endTraining(id: string): Promise<void> {
  const { progress } = await job(id);
  await waitFor("it is seen to go on", async () => ((await job(id)).progress?.step ?? 0) > (progress?.step ?? 0), 60_000);
  expect(await job(id)).toMatchObject({ state: "running", attempt: 1, failure: null });
  await post(server, `/api/jobs/${id}/cancel`, {});
  expect((await waitForEnd(() => server, "training", id)).state).toBe("cancelled");
  await expectSound(server, [id]);
}

test(`F05: a server that stands still for ${stopSeconds} s takes nothing for dead afterwards, and a page gets every event`, async () => {
  server = await startExecutable({ flags: ["--mode", "fast-test", "--simulate-speed", "0.5"] });
  const id = await training();
  const tab = await openTab(server);
  process.kill(server.pid, "SIGSTOP");
  const [before, seen] = [printed(id), tab.events.length];
  await waitFor("the training prints while the server stands still", () => printed(id) > before, 30_000);
  await Bun.sleep(stopSeconds * 1000);
  process.kill(server.pid, "SIGCONT");
  await waitFor("the page hears of it again", () => tab.events.length > seen + 3, 30_000);
  expect(tab.isOpen).toBe(true);
  const progress = tab.events.filter(({ event }) => event.type === "job.progress" && event.jobId === id);
  expect(progress.length).toBeGreaterThan(0);
  expect(tab.events.map(({ seq }) => seq)).toEqual(tab.events.map(({ seq }) => seq).toSorted((left, right) => left - right));
  tab.close();
  await endTraining(id);
}, limitMs);

test.skipIf(!canTrace)("F06: a server that hangs in one call of the system for 7 s takes nothing for dead afterwards", async () => {
  server = await startExecutable({ flags: ["--mode", "fast-test", "--simulate-speed", "3"] });
  const made = [await pictures()];
  const { pid } = await comfyui();
  await hang();
  made.push(await pictures());
  expect((await comfyui()).pid).toBe(pid);
  await expectSound(server, made);
}, 180_000);

/** A commit takes 7 s, in which the server can do nothing else; one question to a tool may take 5 s. */
async function hang(): Promise<void> {
  const heal = await injectInto(server.pid, "fsync,fdatasync:delay_enter=7000000");
  const begun = performance.now();
  await makeCharacter(server, `Person ${begun}`, 0);
  expect(performance.now() - begun).toBeGreaterThan(6_900);
  await heal();
}

test.skipIf(!canTrace)("F42: a disk that takes seconds for each sync makes the page slow, is said there, and harms no work", async () => {
  server = await startExecutable({ flags: ["--mode", "fast-test", "--simulate-speed", "0.5"] });
  const id = await training();
  const heal = await injectInto(server.pid, "fsync,fdatasync:delay_enter=2300000");
  const speed = async () => (await server.json<SystemStatus>("/api/status")).checks.find((check) => check.id === "disk-speed");
  const warning = await waitFor("the status says it", speed, 90_000);
  expect(warning).toMatchObject({ state: "warning", detail: expect.stringMatching(/single byte/) });
  expect((await fetch(`${server.url}/health`, { signal: AbortSignal.timeout(30_000) })).status).toBe(200);
  const { name } = await makeCharacter(server, "While it was slow", 0);
  await heal();
  await waitFor("the warning goes", async () => (await speed()) === undefined, 60_000);
  expect((await server.json<Array<{ name: string }>>("/api/characters")).map((each) => each.name)).toContain(name);
  await endTraining(id);
}, 240_000);
