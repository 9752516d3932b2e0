import { afterAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Backup } from "../../server/contract/backup.ts";
import type { Job } from "../../server/contract/job.ts";
import type { SystemStatus } from "../../server/contract/system.ts";
import { waitFor } from "../../server/testing/wait.ts";
import { cleanEnv, executablePath, processesOf, startExecutable, type Started } from "../testing/executable.ts";
import { lorasOf, makeCharacter, post, startTraining, waitForEnd } from "../testing/story.ts";

const flags = ["--mode", "fast-test", "--simulate-speed", "4"];
let server: Started;
afterAll(async () => server?.dispose());

test("F67, P12: a training that began after the backup is stopped when the backup is restored, said on the page, and does not hold the GPU", async () => {
  server = await startExecutable({ flags });
  const character = await makeCharacter(server, "Ada", 3);
  await post(server, "/api/backups", {});
  const { backups } = await server.json<{ backups: Backup[] }>("/api/backups");
  const unknown = await startTraining(server, character.id, { steps: 3_000 });
  await waitFor("it trains", async () => ((await server.json<Job>(`/api/training/${unknown.id}`)).progress?.step ?? 0) > 5, 60_000);
  await server.kill("SIGKILL");
  const left = processesOf(join(server.folder, "data/jobs"));
  expect(left.length).toBeGreaterThan(0);
  const restored = Bun.spawnSync([executablePath, "restore", backups[0]!.id, "--data", server.folder], { env: cleanEnv(), stderr: "pipe" });
  expect([restored.exitCode, restored.stderr.toString()]).toEqual([0, ""]);

  server = await startExecutable({ folder: server.folder, flags });
  const again = await startTraining(server, character.id, { steps: 60 });
  await waitFor("the old one is gone", () => left.every((pid) => !existsSync(`/proc/${pid}`)), 60_000);
  expect(await waitForEnd(() => server, "training", again.id)).toMatchObject({ state: "succeeded", attempt: 1 });
  expect((await lorasOf(server)).map(({ jobId }) => jobId)).toEqual([again.id]);
  const { checks } = await server.json<SystemStatus>("/api/status");
  expect(checks.find(({ id }) => id === "leftovers")).toMatchObject({
    state: "warning", detail: expect.stringContaining(`stopped: attempt 1 of ${unknown.id}, a job that is not in the database`),
  });
}, 240_000);
