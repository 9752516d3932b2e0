import { afterEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Job } from "../../server/contract/job.ts";
import type { SystemStatus } from "../../server/contract/system.ts";
import { largeDisk, run as runQuietly, smallDisk } from "../../server/testing/mount.ts";
import { waitFor } from "../../server/testing/wait.ts";
import { cleanEnv, executablePath, startExecutable, type Started } from "../testing/executable.ts";
import { makeCharacter, startGeneration, startTraining, waitForEnd } from "../testing/story.ts";

const gib = 1024 ** 3;
const servers: Started[] = [];
const start = async (folder?: string, executable?: string, flags: readonly string[] = []) => {
  const server = await startExecutable({ flags: ["--mode", "fast-test", ...flags], ...(folder === undefined ? {} : { folder }), ...(executable === undefined ? {} : { executable }) });
  servers.push(server);
  return server;
};
afterEach(async () => {
  for (const server of servers.splice(0)) await server.dispose();
});

async function startAgain(folder: string) {
  const before = performance.now();
  const child = Bun.spawn([executablePath, "--data", folder, "--port", "0", "--no-open"], { cwd: tmpdir(), env: cleanEnv(), stdout: "pipe", stderr: "pipe", stdin: "ignore" });
  const [err, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  return { err, code, tookMs: performance.now() - before };
}

test("P3, F50: a second server on a volume is refused with the name, the process and the age of the first", async () => {
  const wrapper = join(tmpdir(), `isengard-other-host-${process.pid}.sh`);
  writeFileSync(wrapper, `#!/bin/sh\nexec unshare --uts sh -c 'hostname pod-b && exec "$0" "$@"' ${executablePath} "$@"\n`, { mode: 0o755 });
  if (!runQuietly(["unshare", "--uts", "true"])) return console.log("left out: no other host name can be acted here");
  const server = await start(undefined, wrapper);
  rmSync(wrapper);
  const record = JSON.parse(readFileSync(join(server.folder, "data/run/server.json"), "utf8")) as Record<string, unknown>;
  expect(record).toMatchObject({ pid: server.pid, hostname: "pod-b", state: "serving", bootId: expect.any(String), heartbeatAt: expect.any(String) });
  const second = await startAgain(server.folder);
  expect(second.code).toBe(1);
  expect(second.err).toMatch(new RegExp(`Another Isengard already uses the folder .* process ${server.pid} on pod-b \\(${server.url}\\), running for \\d+ s, last sign of life \\d+ s ago`));
  await server.kill("SIGKILL");
  expect((await start(server.folder)).pid).toBeGreaterThan(0);
}, 60_000);

test("P3, F50: a server that does not answer still has its volume, and a killed one does not", async () => {
  const server = await start();
  process.kill(server.pid, "SIGSTOP");
  const second = await startAgain(server.folder);
  process.kill(server.pid, "SIGCONT");
  expect(second).toMatchObject({ code: 1, err: expect.stringContaining(`process ${server.pid} on this machine`) });
  await server.kill("SIGKILL");
  await start(server.folder);
}, 60_000);

test("F43: a read-only volume is explained on the page, and 'try again' serves once it can be written", async () => {
  using disk = smallDisk(256 * 1024 ** 2);
  if (disk === null) return console.log("left out: nothing may be mounted here");
  const folder = join(disk.path, "place");
  mkdirSync(folder);
  const server = await start(folder);
  await makeCharacter(server, "Ada", 0);
  await server.kill("SIGTERM");
  expect(runQuietly(["mount", "-o", "remount,ro", disk.path])).toBe(true);
  const held = await start(folder);
  const facts = await held.json<{ kind: string; backups: unknown[] }>("/api/hold");
  expect(facts.kind).toBe("refused");
  expect((await held.api("/api/hold/restore", { method: "POST", headers: { "content-type": "application/json" }, body: '{"id":"latest"}' })).status).toBe(409);
  runQuietly(["mount", "-o", "remount,rw", disk.path]);
  expect((await held.api("/api/hold/retry", { method: "POST" })).status).toBe(200);
  await waitFor("it serves", async () => ((await (await fetch(`${held.url}/health`).catch(() => null))?.json()) as { status?: string } | undefined)?.status === "healthy");
  expect((await held.json<unknown[]>("/api/characters")).length).toBe(1);
  await held.dispose();
  servers.length = 0;
}, 60_000);

test("F38: a volume that really fills: jobs wait with the reason, the reserve is given back, what was acknowledged stays, and it heals by itself", async () => {
  using disk = largeDisk(120 * gib);
  if (disk === null) return console.log("left out: nothing may be mounted here");
  const folder = join(disk.path, "place");
  mkdirSync(folder);
  const server = await start(folder, undefined, ["--simulate-speed", "50"]);
  const reserve = join(folder, "data/reserve");
  await waitFor("there is a reserve", () => existsSync(reserve), 30_000);
  const diskCheck = async () => (await server.json<SystemStatus>("/api/status")).checks.find(({ id }) => id === "disk")!;
  expect((await diskCheck()).state).toBe("ok");
  const leave = (gibibytes: number) => {
    const { bavail, bsize } = statfsSync(disk.path);
    expect(runQuietly(["fallocate", "-l", String(bavail * bsize - gibibytes * gib), join(disk.path, `filler-${gibibytes}`)])).toBe(true);
  };
  leave(8);
  await waitFor("trainings are told no", async () => /No training starts/.test((await diskCheck()).detail), 30_000);
  const training = await startTraining(server, (await makeCharacter(server, "Ada", 2)).id, { steps: 40 });
  const pictures = await startGeneration(server, { count: 1 });
  expect((await waitForEnd(() => server, "generation", pictures.id)).state).toBe("succeeded");
  expect(await server.json<Job>(`/api/jobs/${training.id}`)).toMatchObject({ state: "queued", attempt: 0, waiting: { code: "disk", text: expect.stringContaining("A training needs at least 10.0 GiB") } });
  leave(4);
  await waitFor("pictures are told no too", async () => (await diskCheck()).state === "error", 30_000);
  expect(existsSync(reserve)).toBe(true);
  leave(0.5);
  await waitFor("the reserve is given back", () => !existsSync(reserve), 30_000);
  runQuietly(["sh", "-c", `cat /dev/zero > ${join(disk.path, "filler-rest")}`]);
  const made: string[] = ["Ada"];
  for (let n = 0; n < 5; n++) made.push(...(await makeCharacter(server, `Person ${n}`, 0).then(({ name }) => [name]).catch(() => [])));
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
  for (const file of ["filler-8", "filler-4", "filler-0.5", "filler-rest"]) rmSync(join(disk.path, file));
  await waitFor("the reserve is back", () => existsSync(reserve), 40_000);
  expect((await waitForEnd(() => server, "training", training.id)).state).toBe("succeeded");
  await makeCharacter(server, "After", 0);
  await server.kill("SIGKILL");
  const again = await start(folder);
  const found = (await again.json<Array<{ name: string }>>("/api/characters")).map(({ name }) => name);
  expect(found.sort()).toEqual([...made, "After"].sort());
  await again.dispose();
  servers.length = 0;
}, 240_000);
