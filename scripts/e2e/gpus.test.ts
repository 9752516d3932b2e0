import { afterAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { Job } from "../../server/contract/job.ts";
import type { SystemStatus } from "../../server/contract/system.ts";
import { waitFor } from "../../server/testing/wait.ts";
import { processesOf, startExecutable, type Started } from "../testing/executable.ts";
import { makeCharacter, post, startGeneration, startTraining, waitForEnd } from "../testing/story.ts";

let server: Started;
afterAll(async () => server?.dispose());

const start = async (scenario: string) => {
  server = await startExecutable({ flags: ["--mode", "fast-test", "--simulate-speed", "5", "--simulate-scenario", scenario] });
};
const jobOf = (id: string) => server.json<Job>(`/api/jobs/${id}`);
const gpuStatus = async () => (await server.json<SystemStatus>("/api/status")).gpu;

/** The variables of the child that has this word in its arguments. */
function environmentOf(word: string): string[] | null {
  const pid = processesOf(word).find((each) => readFileSync(`/proc/${each}/cmdline`, "utf8").includes("simulate"));
  return pid === undefined ? null : readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
}

test("two GPUs: two trainings run at once, each child sees its own GPU only, and pictures say which training they wait for", async () => {
  await start("two-gpus");
  const { folder } = server;
  const { gpus } = await waitFor("both are seen", async () => {
    const status = await gpuStatus();
    return status.gpus.length === 2 ? status : null;
  });
  const trainings: Job[] = [];
  for (const name of ["Ada", "Eva"]) trainings.push(await startTraining(server, (await makeCharacter(server, name, 2)).id, { steps: 3000 }));
  const seen = new Map<string, string>();
  for (const { id } of trainings) {
    const job = await waitFor("it runs", async () => {
      const found = await jobOf(id);
      return found.state === "running" ? found : null;
    }, 60_000);
    const environment = await waitFor("its child is there", () => environmentOf(id), 30_000);
    expect(environment).toContain("CUDA_DEVICE_ORDER=PCI_BUS_ID");
    seen.set(job.lane!, environment.find((line) => line.startsWith("CUDA_VISIBLE_DEVICES="))!);
  }
  expect([...seen].sort()).toEqual(gpus.map(({ uuid }) => [`gpu:${uuid}`, `CUDA_VISIBLE_DEVICES=${uuid}`] as [string, string]).sort());
  const pictures = await startGeneration(server, { count: 1 });
  await waitFor("the reason names the GPU", async () => /^Waits for the training of (Ada|Eva) on GPU 0/.test((await jobOf(pictures.id)).waiting?.text ?? ""), 30_000);
  for (const { id } of trainings) await post(server, `/api/training/${id}/cancel`, {});
  expect((await waitForEnd(() => server, "generation", pictures.id)).state).toBe("succeeded");
  for (const { id } of trainings) expect((await waitForEnd(() => server, "training", id)).state).toBe("cancelled");
  await server.dispose();
  expect(processesOf(folder)).toEqual([]);
}, 180_000);

test("F62, F63: while nvidia-smi hangs everything answers, jobs wait with the reason, and no GPU can be taken up again by a word", async () => {
  await start("gpu-hang");
  const pictures = await startGeneration(server, { count: 1 });
  await waitFor("the reason is shown", async () => (await jobOf(pictures.id)).waiting?.code === "gpu_fault", 30_000);
  expect(await jobOf(pictures.id)).toMatchObject({ state: "queued", attempt: 0, waiting: { text: expect.stringContaining("nvidia-smi did not answer within 5 seconds") } });
  expect(await gpuStatus()).toMatchObject({ state: "error" });
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
  expect((await server.api("/api/gpus/GPU-0/resume", { method: "POST" })).status).toBe(404);
  await post(server, `/api/generation/${pictures.id}/cancel`, {});
  expect((await jobOf(pictures.id)).state).toBe("cancelled");
  await server.dispose();
}, 90_000);

test("a training waits while another program holds the GPU's memory, with the reason and no attempt", async () => {
  await start("gpu-busy");
  const training = await startTraining(server, (await makeCharacter(server, "Ada", 2)).id, { steps: 40 });
  const waiting = await waitFor("it waits", async () => {
    const job = await jobOf(training.id);
    return job.state === "snoozed" ? job : null;
  }, 30_000);
  expect(waiting).toMatchObject({ attempt: 0, waiting: { code: "gpu_memory", text: expect.stringContaining("other programs use 19.5 of 24.0 GiB") } });
  await server.dispose();
}, 60_000);
