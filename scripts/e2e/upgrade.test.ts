import { afterAll, beforeAll, expect, test } from "bun:test";
import { appendFileSync, copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Info } from "../../server/contract/system.ts";
import type { LogEntry, LogPage } from "../../server/contract/log.ts";
import { LineSplitter } from "../../server/process/lines.ts";
import { build } from "../build.ts";
import { processesOf, startExecutable, type Started } from "../testing/executable.ts";
import { lorasOf, makeCharacter, startTraining, waitForEnd } from "../testing/story.ts";

/** How often the file is swapped during one training; the release check uses 20. */
const swaps = Number(process.env["ISENGARD_TEST_UPGRADES"] ?? 3);
const root = join(import.meta.dir, "../..");
const longestPauseMs = 3_000;
const flags = ["--mode", "fast-test", "--simulate-speed", "3"];

const folder = mkdtempSync(join(tmpdir(), "isengard-upgrade-"));
const builds = [join(folder, "older"), join(folder, "newer")] as const;
/** What a person runs: this file is replaced under the running server. */
const installed = join(folder, "isengard");
let server: Started;

beforeAll(async () => {
  await build(builds[1]);
  buildOlder(builds[0]);
}, 180_000);
afterAll(async () => {
  await server?.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** The commit before, from git's archive; without one that builds, the present sources. Either calls itself another build. */
function buildOlder(outfile: string): void {
  const sources = mkdtempSync(join(folder, "older-"));
  const previous = 'git archive HEAD~1 | tar x -C "$0"';
  const present = 'cp -r server plugins ui scripts package.json tsconfig.json "$0"';
  for (const copy of [previous, present]) {
    const copied = Bun.spawnSync(["bash", "-ceo", "pipefail", `${copy}; ln -sfn "$1/node_modules" "$0/node_modules"`, sources, root], { cwd: root });
    if (copied.exitCode !== 0) continue;
    appendFileSync(join(sources, "server/build-info.ts"), "// an older build\n");
    const built = Bun.spawnSync([process.execPath, "scripts/build.ts", "--out", outfile], { cwd: sources, stdout: "pipe", stderr: "pipe" });
    if (built.exitCode === 0 && existsSync(outfile)) return;
    console.log(`an older build could not be made from ${copy}:\n${built.stderr.toString().slice(-500)}`);
  }
  throw new Error("No older executable could be built.");
}

/** As an installer does it: the new file is moved over the name, so the running program keeps its own. */
function install(from: string): void {
  copyFileSync(from, `${installed}.new`);
  renameSync(`${installed}.new`, installed);
}

test(`P23, F66: a training goes on while the executable is swapped ${swaps} times, without a lost line`, async () => {
  install(builds[0]);
  server = await startExecutable({ executable: installed, flags });
  const data = server.folder;
  const character = await makeCharacter(server, "Ada", 3);
  const job = await startTraining(server, character.id, { steps: 250 + 100 * swaps });
  const pauses: number[] = [];
  const seen = new Set([(await server.json<Info>("/api/info")).build]);
  for (let swap = 0; swap < swaps; swap++) {
    await untilGrown(data, job.id);
    const tab = await openTab(server);
    install(builds[(swap + 1) % 2]!);
    const closed = tab.closed;
    expect(await server.kill("SIGTERM")).toBe(0);
    const lostAt = await closed;
    server = await startExecutable({ executable: installed, folder: data, flags });
    const again = await openTab(server);
    pauses.push(performance.now() - lostAt);
    again.socket.close();
    seen.add((await server.json<Info>("/api/info")).build);
    const now = await server.json<{ state: string; attempt: number }>(`/api/training/${job.id}`);
    expect(now).toMatchObject({ attempt: 1 });
  }
  const ended = await waitForEnd(() => server, "training", job.id);
  expect(seen.size).toBe(2);
  expect(ended).toMatchObject({ state: "succeeded", attempt: 1, failure: null });
  expect((await lorasOf(server)).length).toBe(1);
  await checkLines(data, job.id);
  console.log(`${swaps} swaps, pauses of the tab ${pauses.map((ms) => Math.round(ms)).join(", ")} ms`);
  expect(Math.max(...pauses)).toBeLessThan(longestPauseMs);
}, 600_000);

test("nothing is left running after the swaps", async () => {
  const data = server.folder;
  await server.dispose();
  expect(processesOf(data)).toEqual([]);
}, 30_000);

async function untilGrown(data: string, id: string): Promise<void> {
  const file = join(data, "data/jobs", id, "attempt-1/train/pty.log");
  const size = () => (existsSync(file) ? Bun.file(file).size : 0);
  const before = size();
  const end = performance.now() + 20_000;
  while (size() < before + 400) {
    const job = await server.json<{ state: string; finishedAt: string | null }>(`/api/training/${id}`);
    if (job.finishedAt !== null) throw new Error(`the training ended as ${job.state} before all swaps were made`);
    if (performance.now() > end) throw new Error("the training prints nothing");
    await Bun.sleep(20);
  }
}

/** A browser's connection: open once the server said hello; `closed` gives the time at which it was cut. */
async function openTab(to: Started): Promise<{ socket: WebSocket; closed: Promise<number> }> {
  const BunSocket = WebSocket as unknown as new (url: string, options: { headers: Record<string, string> }) => WebSocket;
  const socket = new BunSocket(`${to.url.replace("http", "ws")}/api/events`, { headers: { authorization: `Bearer ${to.token}` } });
  const closed = new Promise<number>((resolve) => { socket.onclose = () => resolve(performance.now()); });
  await new Promise<void>((resolve, reject) => {
    socket.onmessage = () => resolve();
    socket.onerror = () => reject(new Error("the tab could not connect"));
  });
  return { socket, closed };
}

async function checkLines(data: string, id: string): Promise<void> {
  const dir = join(data, "data/jobs", id);
  expect(readdirSync(dir).filter((name) => name.startsWith("attempt-"))).toEqual(["attempt-1"]);
  const lines = new LineSplitter();
  const printed = [...lines.push(readFileSync(join(dir, "attempt-1/train/pty.log"))), ...lines.end()].filter((line) => !line.redraw);
  const entries: LogEntry[] = [];
  for (;;) {
    const page = await server.json<LogPage>(`/api/jobs/${id}/logs/view?limit=1000&after=${entries.at(-1)?.line ?? 0}`);
    entries.push(...page.entries);
    if (page.entries.length === 0) break;
  }
  const logged = entries.filter((entry) => entry.event === "tool.line");
  expect(logged.map((entry) => entry.fields["offset"])).toEqual(printed.map((line) => line.offset));
  expect(printed.length).toBeGreaterThan(20);
}
