import { afterEach, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Job } from "../../server/contract/job.ts";
import { freePort } from "../../server/services/port.ts";
import { readWhole } from "../../server/process/records.ts";
import type { HolderRecord } from "../../server/process/records.ts";
import { waitFor } from "../../server/testing/wait.ts";
import { executablePath, processesOf, startExecutable, type Started } from "../testing/executable.ts";
import { makeCharacter, startTraining } from "../testing/story.ts";

// The executable as process 1 of a pid namespace, which is what a container gives it.
const children = Number(process.env["ISENGARD_TEST_SHORT_CHILDREN"] ?? 10_000);
const namespace = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
const isAllowed = Bun.which("unshare") !== null && Bun.spawnSync([...namespace, "true"]).exitCode === 0;
const container = test.skipIf(!isAllowed);

const scratch = mkdtempSync(join(tmpdir(), "isengard-init-"));
const started: Started[] = [];
const inits: number[] = [];
afterEach(async () => {
  for (const init of inits.splice(0)) if (existsSync(`/proc/${init}`)) process.kill(init, "SIGTERM");
  for (const each of started.splice(0)) await each.dispose();
});

async function startContainer(port: number, flags: readonly string[] = []): Promise<Started> {
  const script = join(scratch, "container");
  writeFileSync(script, `#!/bin/sh\nexec ${namespace.join(" ")} ${executablePath} "$@"\n`);
  chmodSync(script, 0o755);
  const server = await startExecutable({ executable: script, keepPort: true, flags: ["--mode", "fast-test", "--port", String(port), ...flags] });
  started.push(server);
  inits.push(initOf(server));
  return server;
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
}

function processes(): Process[] {
  return readdirSync("/proc").filter((entry) => /^\d+$/.test(entry)).flatMap((entry) => {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "latin1");
      const [state = "", parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return [{ pid: Number(entry), parent: Number(parent), state }];
    } catch {
      return []; // it ended while we looked
    }
  });
}

const childrenOf = (parent: number) => processes().filter((each) => each.parent === parent);
/** Process 1 as it is called outside of its namespace. */
const initOf = (server: Started) => childrenOf(server.pid)[0]!.pid;
/** The words with which it was started; none of one that has ended. */
const wordsOf = (pid: number) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
};
const isServer = (pid: number) => {
  const words = wordsOf(pid);
  return words[0] === executablePath && words.includes("--port");
};
const serverOf = (init: number) => childrenOf(init).find((each) => each.state !== "Z" && isServer(each.pid))?.pid;

async function answers(server: Started): Promise<boolean> {
  const answer = await fetch(`${server.url}/health`, { signal: AbortSignal.timeout(2_000) }).catch(() => null);
  return answer?.ok === true;
}

container("P22: as process 1 the server is started again after each kill, and the training never notices", async () => {
  const server = await startContainer(await freePort(), ["--simulate-speed", "2"]);
  const init = initOf(server);
  const { id } = await startTraining(server, (await makeCharacter(server)).id, { steps: 2_000 });
  const dir = join(server.folder, "data/jobs", id, "attempt-1/train");
  const holder = await waitFor("the training runs", () => readWhole<HolderRecord>(dir, "holder.json"), 60_000);
  for (let round = 0; round < 2; round++) {
    const pid = await waitFor("the server runs", () => serverOf(init), 30_000);
    process.kill(pid, "SIGKILL");
    await waitFor("another server answers", async () => serverOf(init) !== pid && (await answers(server)), 60_000);
  }
  const size = () => readFileSync(join(dir, "pty.log")).length;
  const before = size();
  await waitFor("the training goes on", () => size() > before, 30_000);
  expect(readWhole<HolderRecord>(dir, "holder.json")).toEqual(holder);
  expect(await server.json<Job>(`/api/training/${id}`)).toMatchObject({ state: "running", attempt: 1, failure: null });
  expect(initOf(server)).toBe(init);
  expect(server.printed()).toContain("is started again in");
}, 240_000);

container(`P22, F15: process 1 collects ${children} short children that lost their parents`, async () => {
  const server = await startContainer(await freePort());
  const init = initOf(server);
  const flood = `i=0; while [ $i -lt ${children} ]; do (: &); i=$((i+1)); done`;
  const entered = Bun.spawn(["nsenter", "--target", String(init), "--pid", "--mount", "sh", "-c", flood]);
  expect(await entered.exited).toBe(0);
  await waitFor("no zombie is left", () => childrenOf(init).every((each) => each.state !== "Z"), 30_000);
  expect(await answers(server)).toBe(true);
}, 240_000);

container("P22, F17: SIGTERM to process 1 ends all within 5 s, code 0, and the next start goes on with the training", async () => {
  const server = await startContainer(await freePort(), ["--simulate-speed", "2"]);
  const init = initOf(server);
  const { id } = await startTraining(server, (await makeCharacter(server)).id, { steps: 2_000 });
  await waitFor("it trains", async () => (await server.json<Job>(`/api/training/${id}`)).state === "running", 60_000);
  const begun = performance.now();
  process.kill(init, "SIGTERM");
  expect(await server.kill("SIGCONT")).toBe(0);
  expect(performance.now() - begun).toBeLessThan(5_000);
  expect(processesOf(server.folder)).toEqual([]);
  const next = await startExecutable({ folder: server.folder, flags: ["--mode", "fast-test"] });
  started.push(next);
  const again = await waitFor("the training is tried again", async () => {
    const job = await next.json<Job>(`/api/training/${id}`);
    return job.attempt === 2 ? job : null;
  }, 90_000);
  expect(again.failure).toBeNull();
}, 240_000);

container("P22: wrong settings end process 1 with their own words instead of starting again and again", () => {
  const ended = Bun.spawnSync([...namespace, executablePath, "--port", "none"], { timeout: 20_000 });
  expect(ended.exitCode).toBe(2);
  expect(ended.stderr.toString()).toContain("port");
});

test("the files of the test are gone", () => rmSync(scratch, { recursive: true, force: true }));
