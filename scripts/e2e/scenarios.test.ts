import { expect, test } from "bun:test";
import type { Job } from "../../server/contract/job.ts";
import { processesOf, startExecutable, type Started } from "../testing/executable.ts";
import { lorasOf, makeCharacter, outputsOf, post, startGeneration, startTraining, waitForEnd } from "../testing/story.ts";

/** What each scenario must end in. `cancel`: the person presses Stop while it hangs; "twice": and again, impatiently. */
interface Expectation {
  readonly state: Job["state"];
  readonly code?: string;
  readonly cancel?: "once" | "twice";
  /** A word of the job's warnings. */
  readonly warns?: RegExp;
  /** Number in the catalogue of faults. */
  readonly fault?: string;
}

const trainings: Record<string, Expectation> = {
  ok: { state: "succeeded" },
  slow: { state: "succeeded" },
  "out-of-memory": { state: "failed", code: "vram" },
  nan: { state: "failed", code: "diverged" },
  hang: { state: "cancelled", cancel: "twice" },
  "ignore-term": { state: "cancelled", cancel: "twice" },
  grandchild: { state: "cancelled", cancel: "once" },
  "die-at-step": { state: "succeeded" },
  garbage: { state: "succeeded" },
  "gated-model": { state: "failed", code: "hf_gated" },
  "disk-full": { state: "failed", code: "disk_full" },
  "native-crash": { state: "succeeded", fault: "F20" },
  "skipped-steps": { state: "succeeded", fault: "F21", warns: /2 of 120 steps were skipped/ },
  "no-result": { state: "failed", fault: "F23", code: "ended_without_result" },
  "optimizer-unsaved": { state: "succeeded", fault: "F27", warns: /optimizer's state could not be saved/ },
  "hub-401": { state: "failed", fault: "F28", code: "hf_auth" },
};

const generations: Record<string, Expectation> = {
  ok: { state: "succeeded" },
  slow: { state: "succeeded" },
  "out-of-memory": { state: "failed", code: "vram" },
  hang: { state: "cancelled", cancel: "once" },
  "ignore-term": { state: "succeeded" },
  "slow-boot": { state: "succeeded" },
  "port-taken": { state: "succeeded" },
  "drop-socket": { state: "succeeded" },
  garbage: { state: "succeeded" },
  "die-at-step": { state: "succeeded" },
};

for (const [scenario, expected] of Object.entries(trainings)) {
  test(`${expected.fault === undefined ? "" : `${expected.fault}: `}training, scenario ${scenario}: ${expected.state}${expected.code ? ` (${expected.code})` : ""}`, async () => {
    await inScenario(scenario, async (server) => {
      const character = await makeCharacter(server, "Ada", 2);
      // A training that is to be cancelled must not end by itself before that.
      const job = await startTraining(server, character.id, { steps: expected.cancel ? 3000 : 120 });
      if (expected.cancel) await cancelOnceRunning(server, "training", job.id, expected.cancel);
      const end = await waitForEnd(() => server, "training", job.id, 150_000);
      check(end, expected);
      expect((await lorasOf(server)).length).toBe(expected.state === "succeeded" ? 1 : 0);
    });
  }, 180_000);
}

for (const [scenario, expected] of Object.entries(generations)) {
  test(`generation, scenario ${scenario}: ${expected.state}${expected.code ? ` (${expected.code})` : ""}`, async () => {
    await inScenario(scenario, async (server) => {
      const job = await startGeneration(server, { count: 2, seed: 7 });
      if (expected.cancel) await cancelOnceRunning(server, "generation", job.id, expected.cancel);
      const end = await waitForEnd(() => server, "generation", job.id, 150_000);
      check(end, expected);
      if (expected.state === "succeeded") expect((await outputsOf(server, job.id)).length).toBe(2);
    });
  }, 180_000);
}

async function inScenario(scenario: string, body: (server: Started) => Promise<void>): Promise<void> {
  const server = await startExecutable({ flags: ["--mode", "fast-test", "--simulate-speed", "10", "--simulate-scenario", scenario] });
  const { folder } = server;
  try {
    await body(server);
  } finally {
    await server.dispose();
  }
  expect(processesOf(folder)).toEqual([]);
}

async function cancelOnceRunning(server: Started, kind: "training" | "generation", id: string, presses: "once" | "twice"): Promise<void> {
  const end = performance.now() + 60_000;
  for (;;) {
    const job = await server.json<Job>(`/api/${kind}/${id}`);
    if (job.state === "running" && (job.progress?.step ?? 0) > 0) break;
    if (job.finishedAt !== null || performance.now() > end) break;
    await Bun.sleep(50);
  }
  await post(server, `/api/${kind}/${id}/cancel`, {});
  if (presses === "once") return;
  // Each further press takes the next rung: SIGTERM, then SIGKILL. One that comes too late answers 409.
  for (let press = 0; press < 2; press++) {
    await Bun.sleep(700);
    const answer = await server.api(`/api/${kind}/${id}/cancel`, { method: "POST" });
    if (answer.status === 409) return;
    expect(answer.status).toBe(200);
  }
  const pressed = performance.now();
  expect(await waitForEnd(() => server, kind, id, 45_000)).toMatchObject({ state: "cancelled" });
  console.log(`cancelled ${Math.round(performance.now() - pressed)} ms after the last press`);
}

function check(job: Job, expected: Expectation): void {
  const said = { state: job.state, code: job.failure?.code };
  expect(said).toEqual({ state: expected.state, code: expected.code });
  if (expected.warns) expect(job.warnings.join(" ")).toMatch(expected.warns);
  if (job.failure) {
    for (const sentence of [job.failure.what, job.failure.why, job.failure.fix]) expect(sentence).toMatch(/\w.*[.!?]["”]?$/s);
  }
}
