import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Job } from "../../server/contract/job.ts";
import type { Info } from "../../server/contract/system.ts";
import { waitFor } from "../../server/testing/wait.ts";
import { buildOf, install } from "../testing/builds.ts";
import { executablePath, processesOf, startExecutable, type Started } from "../testing/executable.ts";
import { expectWholeLog } from "../testing/job-log.ts";
import { lorasOf, makeCharacter, startTraining, waitForEnd } from "../testing/story.ts";

/** How many trainings are taken over, and how often the file is swapped under one; the release check uses 20. */
const upgrades = Number(process.env["ISENGARD_TEST_UPGRADES"] ?? 3);
const longestPauseMs = 3_000;
const growLimitMs = 60_000;
/** Kept short of what two cores can do besides. */
const parallel = 3;
const flags = ["--mode", "fast-test", "--simulate-speed", "3"];

const folder = mkdtempSync(join(tmpdir(), "isengard-upgrade-"));
const present = executablePath;
let [another, previous, beforePrevious] = ["", "", ""];
const servers: Started[] = [];

beforeAll(async () => {
  [another, previous, beforePrevious] = (await Promise.all([0, 1, 2].map((back) => buildOf(back, folder)))) as [string, string, string];
}, 300_000);
afterAll(async () => {
  for (const server of servers) await server.dispose();
  rmSync(folder, { recursive: true, force: true });
});

test(`F66, Q25: a training started by the executable of the commit before is adopted by this one, ${upgrades} times, without a lost line`, async () => {
  const pauses: number[] = [];
  const waiting = Array.from({ length: upgrades }, (_, index) => index);
  const worker = async () => {
    for (let round = waiting.shift(); round !== undefined; round = waiting.shift()) pauses.push(await upgradeOnce(previous, `round-${round}`));
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  console.log(`${upgrades} upgrades, pauses of the tab ${pauses.map((ms) => Math.round(ms)).join(", ")} ms`);
  expect(pauses.length).toBe(upgrades);
}, 900_000);

test("F66, Q25: a training started by the executable of two commits before is adopted by this one, without a lost line", async () => {
  await upgradeOnce(beforePrevious, "two-before");
}, 300_000);

/** Answers how long an open tab was cut off. */
async function upgradeOnce(older: string, name: string): Promise<number> {
  const installed = join(folder, name);
  install(older, installed);
  const first = await startExecutable({ executable: installed, flags });
  const job = await train(first, 250);
  await untilGrown(first, job.id);
  const build = (await first.json<Info>("/api/info")).build;
  const { server, pauseMs } = await swap(first, present, installed);
  servers.push(server);
  expect((await server.json<Info>("/api/info")).build).not.toBe(build);
  await expectGoodEnd(server, job.id);
  await server.dispose();
  expect(processesOf(server.folder)).toEqual([]);
  return pauseMs;
}

test(`F66, P23: a training goes on while the executable is swapped ${upgrades} times under it, without a lost line`, async () => {
  const installed = join(folder, "swapped");
  install(present, installed);
  let server = await startExecutable({ executable: installed, flags });
  const job = await train(server, 250 + 100 * upgrades);
  const seen = new Set<string>();
  const pauses: number[] = [];
  for (let round = 0; round < upgrades; round++) {
    seen.add((await server.json<Info>("/api/info")).build);
    await untilGrown(server, job.id);
    const swapped = await swap(server, round % 2 === 0 ? another : present, installed);
    server = swapped.server;
    pauses.push(swapped.pauseMs);
    expect(await server.json<Job>(`/api/training/${job.id}`)).toMatchObject({ attempt: 1 });
  }
  servers.push(server);
  seen.add((await server.json<Info>("/api/info")).build);
  expect(seen.size).toBe(2);
  await expectGoodEnd(server, job.id);
  console.log(`${upgrades} swaps, pauses of the tab ${pauses.map((ms) => Math.round(ms)).join(", ")} ms`);
  // One that met another program's burst of work says nothing about Isengard.
  expect(pauses.toSorted((a, b) => a - b)[Math.floor(pauses.length / 2)]).toBeLessThan(longestPauseMs);
  await server.dispose();
  expect(processesOf(server.folder)).toEqual([]);
}, 900_000);

test("F66, Q25: a step back is refused in a sentence, the training runs on untouched, and the newer version takes it up again", async () => {
  const first = await startExecutable({ flags });
  const job = await train(first, 900);
  await untilGrown(first, job.id);
  await first.kill("SIGTERM");
  const children = processesOf(join(first.folder, "data/jobs"));
  expect(children.length).toBeGreaterThan(0);

  const version = changeSchema(first, 99);
  const held = await startExecutable({ folder: first.folder, flags });
  expect(held.printed()).toContain("The database was written by a newer Isengard. Start the newer Isengard");
  expect(await held.kill("SIGTERM")).toBe(0);
  changeSchema(first, version);

  const record = join(first.folder, "data/jobs", job.id, "attempt-1/train/holder.json");
  const protocol = changeProtocol(record, 99);
  const refused = await startExecutable({ folder: first.folder, flags });
  servers.push(refused);
  expect(refused.printed()).toContain("A program that another version of Isengard started still runs here. Start the version of Isengard that started it");
  expect((await refused.api("/api/training")).status).toBe(503);
  expect(await (await refused.api("/", { headers: { accept: "text/html" } })).text()).toContain("speaks protocol 99; this Isengard understands 1 and 2");
  expect(processesOf(join(first.folder, "data/jobs"))).toEqual(children);

  changeProtocol(record, protocol);
  expect((await refused.api("/api/hold/retry", { method: "POST", headers: { "content-type": "application/json" }, body: "{}" })).status).toBe(200);
  const state = async () => ((await (await fetch(`${refused.url}/health`)).json()) as { status: string }).status;
  await waitFor("it serves", async () => (await state().catch(() => "")) === "healthy", 30_000);
  await expectGoodEnd(refused, job.id);
}, 300_000);

function changeSchema({ folder: data }: Started, version: number): number {
  const db = new Database(join(data, "data/state.db"));
  const before = db.query<{ user_version: number }, []>("pragma user_version").get()!.user_version;
  db.run(`pragma user_version = ${version}`);
  db.close();
  return before;
}

function changeProtocol(file: string, protocol: number): number {
  const record = JSON.parse(readFileSync(file, "utf8")) as { protocol: number };
  writeFileSync(file, JSON.stringify({ ...record, protocol }));
  return record.protocol;
}

async function train(server: Started, steps: number): Promise<Job> {
  const character = await makeCharacter(server, "Ada", 3);
  return startTraining(server, character.id, { steps });
}

async function expectGoodEnd(server: Started, id: string): Promise<void> {
  expect(await waitForEnd(() => server, "training", id, 300_000)).toMatchObject({ state: "succeeded", attempt: 1, failure: null });
  expect((await lorasOf(server)).length).toBe(1);
  expect(await expectWholeLog(server, id)).toBeGreaterThan(20);
}

/** SIGTERM, and the new file starts under the same name. */
async function swap(server: Started, build: string, installed: string): Promise<{ server: Started; pauseMs: number }> {
  const tab = await openTab(server);
  install(build, installed);
  expect(await server.kill("SIGTERM")).toBe(0);
  const lostAt = await tab.closed;
  const next = await startExecutable({ executable: installed, folder: server.folder, flags });
  const again = await openTab(next);
  const pauseMs = performance.now() - lostAt;
  again.socket.close();
  return { server: next, pauseMs };
}

async function untilGrown(server: Started, id: string): Promise<void> {
  const file = join(server.folder, "data/jobs", id, "attempt-1/train/pty.log");
  const size = () => (existsSync(file) ? Bun.file(file).size : 0);
  const before = size();
  const end = performance.now() + growLimitMs;
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
