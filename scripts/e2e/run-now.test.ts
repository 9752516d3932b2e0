import { afterAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Job, QueueView } from "../../server/contract/job.ts";
import { processesOf, startExecutable, type Started } from "../testing/executable.ts";
import { makeCharacter, outputsOf, post, startGeneration, startTraining, waitForEnd } from "../testing/story.ts";

const flags = ["--mode", "fast-test", "--simulate-speed", "3"];
let server: Started;
afterAll(async () => server?.dispose());

const jobOf = (id: string) => server.json<Job>(`/api/jobs/${id}`);

async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 60_000;
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`Not within a minute: ${what}`);
    await Bun.sleep(25);
  }
}

for (const isKilled of [false, true]) {
  test(`pictures that shall not wait pause the training${isKilled ? ", also over a kill of the server" : ""}, and no step of it is lost`, async () => {
    server = await startExecutable({ flags });
    const { folder } = server;
    const character = await makeCharacter(server, "Ada", 3);
    const training = await startTraining(server, character.id, { steps: 600, saveEvery: 500, sampleEvery: 500 });
    await until("the training is under way", async () => ((await jobOf(training.id)).progress?.step ?? 0) >= 60);
    const asked = (await jobOf(training.id)).progress!.step;
    const pictures = await startGeneration(server, { count: 2, seed: 7 });
    await post(server, `/api/generation/${pictures.id}/run-now`, {});
    if (isKilled) {
      await server.kill("SIGKILL");
      server = await startExecutable({ folder, flags });
    }
    await until("the training has given way", async () => (await jobOf(training.id)).state === "queued");
    const paused = await jobOf(training.id);
    expect(paused.waiting).toMatchObject({ code: "paused", jobId: pictures.id });
    const step = Number(/^Paused at step ([\d,]+) for 2 pictures; goes on by itself\.$/.exec(paused.waiting!.text)![1]!.replaceAll(",", ""));
    expect(step).toBeGreaterThanOrEqual(asked);
    expect((await server.json<QueueView>("/api/queue")).waiting.map(({ job }) => job.id)).toContain(training.id);
    expect(await waitForEnd(() => server, "generation", pictures.id)).toMatchObject({ state: "succeeded" });
    expect((await outputsOf(server, pictures.id)).length).toBe(2);
    expect(await waitForEnd(() => server, "training", training.id)).toMatchObject({ state: "succeeded", attempt: 1, failure: null });
    const attempts = readdirSync(join(folder, "data/jobs", training.id)).filter((name) => name.startsWith("attempt-"));
    expect(attempts.sort()).toEqual(["attempt-1", "attempt-2"]);
    const history = (await server.json<{ events: Array<{ to: string }> }>(`/api/jobs/${training.id}/events`)).events.map((event) => event.to);
    expect(history.filter((state) => state === "interrupted")).toHaveLength(1);
    await server.dispose();
    expect(processesOf(folder)).toEqual([]);
  }, 180_000);
}
