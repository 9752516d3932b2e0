import { afterEach, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import type { Job } from "../../server/contract/job.ts";
import { temporaryFolder } from "../../server/testing/folder.ts";
import { waitFor } from "../../server/testing/wait.ts";
import { faketimePaths, TestClock } from "../chaos/disk.ts";
import { startExecutable, type Started } from "../testing/executable.ts";
import { expectSound } from "../testing/soundness.ts";
import { makeCharacter, post, startGeneration, startTraining, waitForEnd } from "../testing/story.ts";

const canFake = faketimePaths.some((path) => existsSync(path));
/** From today to the first days of 1970. */
const toTheBeginning = -Math.floor(Date.now() / 86_400_000);
let server: Started;
afterEach(async () => server?.dispose());

test.skipIf(!canFake)("F51: a clock that jumps three days either way and to 1970 ends no job, keeps the order of the queue and logs nobody out", async () => {
  using folder = temporaryFolder();
  const clock = TestClock.find(folder.path)!;
  server = await startExecutable({ flags: ["--mode", "fast-test", "--simulate-speed", "2"], env: clock.env });
  const opened = await fetch(server.link, { redirect: "manual" });
  const cookie = opened.headers.get("set-cookie")!.split(";")[0]!;
  const asPage = () => fetch(`${server.url}/api/jobs`, { headers: { cookie } });
  const ada = await makeCharacter(server, "Ada", 2);
  const training = await startTraining(server, ada.id, { steps: 2500 });
  const job = () => server.json<Job>(`/api/training/${training.id}`);
  await waitFor("it trains", async () => ((await job()).progress?.step ?? 0) > 2, 60_000);
  const pictures: string[] = [];
  for (const days of [3, -3, toTheBeginning, 0]) {
    clock.jump(days);
    const wanted = Date.now() + days * 86_400_000;
    await waitFor(`the server's clock jumped by ${days} days`, async () => {
      const made = await startGeneration(server, { count: 1, width: 256, height: 256, steps: 4 });
      pictures.push(made.id);
      await Bun.sleep(1200);
      return Math.abs(Date.parse(made.createdAt) - wanted) < 3_600_000;
    }, 20_000);
    expect((await asPage()).status).toBe(200);
    const { progress } = await job();
    await waitFor("it goes on", async () => ((await job()).progress?.step ?? 0) > (progress?.step ?? 0), 30_000);
    expect(await job()).toMatchObject({ state: "running", attempt: 1, failure: null });
  }
  await post(server, `/api/jobs/${training.id}/cancel`, {});
  expect((await waitForEnd(() => server, "training", training.id)).state).toBe("cancelled");
  for (const id of pictures) expect(await waitForEnd(() => server, "generation", id)).toMatchObject({ state: "succeeded", attempt: 1 });
  const { jobs, steps } = await expectSound(server, [training.id, ...pictures]);
  const began = steps.filter(({ to_state }) => to_state === "claimed").map(({ job_id }) => job_id);
  expect(began).toEqual(jobs.map(({ id }) => id));
}, 180_000);
