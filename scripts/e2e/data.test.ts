import { Database } from "bun:sqlite";
import { afterEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Backup } from "../../server/contract/backup.ts";
import type { Character } from "../../server/contract/character.ts";
import type { SystemStatus } from "../../server/contract/system.ts";
import { contentOf } from "../../server/db/testing/data.ts";
import { waitFor } from "../../server/testing/wait.ts";
import { damageFile } from "../testing/damage.ts";
import { cleanEnv, executablePath, processesOf, startExecutable, type Started } from "../testing/executable.ts";
import { makeCharacter, startTraining, waitForEnd } from "../testing/story.ts";

const seeds = Number(process.env["ISENGARD_TEST_SEEDS"] ?? 100);
const servers: Started[] = [];
const start = async (folder?: string, flags = ["--mode", "fast-test"]) => {
  const server = await startExecutable({ flags, ...(folder === undefined ? {} : { folder }) });
  servers.push(server);
  return server;
};
afterEach(async () => {
  for (const server of servers.splice(0)) await server.dispose();
});

async function run(...words: string[]) {
  const child = Bun.spawn([executablePath, ...words], { cwd: tmpdir(), env: cleanEnv(), stdout: "pipe", stderr: "pipe", stdin: "ignore" });
  const [out, err, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
  return { out, err, code };
}

const names = async (server: Started) => (await server.json<Character[]>("/api/characters")).map(({ name }) => name).sort();
const backups = async (server: Started) => (await server.json<{ backups: Backup[] }>("/api/backups")).backups;
const stateOf = (server: Started) => join(server.folder, "data/state.db");
const health = async (server: Started) => ((await (await fetch(`${server.url}/health`)).json()) as { status: string }).status;
const post = (server: Started, path: string, body: unknown = {}) =>
  server.api(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

test("backup and restore by command: through the running server, alone, to another folder, and back again", async () => {
  const server = await start();
  await makeCharacter(server, "Ada", 0);
  const asked = await run("backup", "--data", server.folder);
  expect([asked.code, asked.out]).toEqual([0, expect.stringContaining("made and proven")]);
  const [first] = await backups(server);
  expect(first).toMatchObject({ reason: "asked", characters: 1, databases: ["state", "telemetry"] });
  await makeCharacter(server, "Bob", 0);
  expect(await run("restore", first!.id, "--data", server.folder)).toMatchObject({ code: 1, err: expect.stringContaining("Stop it first") });
  expect(await server.kill("SIGTERM")).toBe(0);

  const elsewhere = mkdtempSync(join(tmpdir(), "isengard-copy-"));
  const file = join(elsewhere, "mine.db");
  expect((await run("backup", "--to", file, "--data", server.folder)).code).toBe(0);
  const both = contentOf(stateOf(server));
  const done = await run("restore", first!.id, "--data", server.folder);
  expect([done.code, done.out]).toEqual([0, expect.stringMatching(/was proven[\s\S]*Kept: .*state\.db\.before-restore-/)]);
  const again = await start(server.folder);
  expect(await names(again)).toEqual(["Ada"]);
  await again.kill("SIGTERM");
  expect((await run("restore", file, "--data", server.folder)).code).toBe(0);
  expect(contentOf(stateOf(server))).toEqual(both);
  rmSync(elsewhere, { recursive: true });
  expect(await names(await start(server.folder))).toEqual(["Ada", "Bob"]);
}, 60_000);

test("the end of the server leaves a proven backup, and the status page says when the last one was made", async () => {
  const server = await start();
  await makeCharacter(server, "Ada", 0);
  await server.kill("SIGTERM");
  const again = await start(server.folder);
  expect((await backups(again))[0]).toMatchObject({ reason: "stop", characters: 1 });
  const { checks } = await again.json<SystemStatus>("/api/status");
  const [last] = await backups(again);
  expect(checks.find(({ id }) => id === "backups")).toMatchObject({ state: "ok", detail: expect.stringContaining(last!.createdAt) });
  expect(checks.find(({ id }) => id === "volume")).toMatchObject({ state: "ok" });
}, 30_000);

test("F47: a damaged database is held: everything says so, nothing is served without a key, and the backup starts it in place", async () => {
  const server = await start();
  await makeCharacter(server, "Ada", 0);
  await server.kill("SIGTERM");
  damageFile(stateOf(server), 0);
  const held = await start(server.folder);
  expect(held.printed()).toContain("cannot open its data");
  expect(await health(held)).toBe("on-hold");
  const refused = await held.api("/api/jobs");
  expect([refused.status, await refused.json()]).toEqual([503, { error: expect.objectContaining({ code: "on_hold", fix: expect.stringContaining("backups"), correlationId: expect.any(String) }) }]);
  for (const path of ["/api/hold", "/api/jobs", "/"]) expect((await fetch(`${held.url}${path}`)).status).toBe(401);
  expect((await fetch(`${held.url}/api/hold/retry`, { method: "POST" })).status).toBe(401);
  expect((await fetch(`${held.url}/api/hold`, { headers: { authorization: `Bearer ${held.token}`, host: "evil.example" } })).status).toBe(403);
  expect((await post(held, "/api/hold/restore", { id: "../../etc/passwd" })).status).toBe(404);
  const page = await held.api("/characters", { headers: { accept: "text/html" } });
  expect([page.status, await page.text()]).toEqual([503, expect.stringContaining("Use the backup of")]);

  const second = await run("--data", server.folder, "--no-open");
  expect(second).toMatchObject({ code: 0, out: expect.stringContaining("already runs") });
  expect(await run("restore", "latest", "--data", server.folder)).toMatchObject({ code: 0, out: expect.stringContaining("starts again by itself") });
  await waitFor("it serves again", async () => (await health(held).catch(() => "")) === "healthy");
  expect(await names(held)).toEqual(["Ada"]);
  expect(readdirSync(join(server.folder, "data")).filter((name) => name.startsWith("state.db.before-restore-")).length).toBeGreaterThan(0);
  expect(await held.kill("SIGTERM")).toBe(0);
}, 60_000);

test("after the cause is gone 'try again' serves, and before it holds again", async () => {
  const server = await start();
  await makeCharacter(server, "Ada", 0);
  await server.kill("SIGTERM");
  const db = new Database(stateOf(server));
  const { user_version: version } = db.query<{ user_version: number }, []>("pragma user_version").get()!;
  db.run("pragma user_version = 99");
  db.close();
  const held = await start(server.folder);
  const facts = await held.json<{ kind: string; what: string; since: string }>("/api/hold");
  expect(facts).toMatchObject({ kind: "newer", what: "The database was written by a newer Isengard." });
  const since = async () => ((await (await fetch(`${held.url}/health`)).json()) as { since?: string }).since;
  const before = await since();
  expect((await post(held, "/api/hold/retry")).status).toBe(200);
  await waitFor("it holds again", async () => ((await since().catch(() => before)) ?? before) !== before);
  const fixed = new Database(stateOf(server));
  fixed.run(`pragma user_version = ${version}`);
  fixed.close();
  expect((await post(held, "/api/hold/retry")).status).toBe(200);
  await waitFor("it serves", async () => (await health(held).catch(() => "")) === "healthy");
  expect(await names(held)).toEqual(["Ada"]);
}, 60_000);

test("without any backup the damaged file can be set aside, and Isengard starts empty", async () => {
  const server = await start();
  await makeCharacter(server, "Ada", 0);
  await server.kill("SIGKILL");
  rmSync(join(server.folder, "data/backups"), { recursive: true });
  rmSync(`${stateOf(server)}-wal`, { force: true });
  damageFile(stateOf(server), 5);
  const held = await start(server.folder);
  expect(await held.json<{ mayBeginAnew: boolean }>("/api/hold")).toMatchObject({ mayBeginAnew: true, backups: [] });
  expect((await post(held, "/api/hold/empty")).status).toBe(200);
  await waitFor("it serves", async () => (await health(held).catch(() => "")) === "healthy");
  expect(await names(held)).toEqual([]);
  expect(readdirSync(join(server.folder, "data")).some((name) => name.startsWith("state.db.damaged-"))).toBe(true);
}, 60_000);

test(`F47: of ${seeds} random damages none ends in a crash: each start serves or holds, and the backup heals it`, async () => {
  let server = await start();
  await makeCharacter(server, "Ada", 0);
  await server.kill("SIGTERM");
  const outcomes: Record<string, number> = {};
  for (let seed = 0; seed < seeds; seed++) {
    const what = damageFile(stateOf(server), seed);
    server = await startExecutable({ folder: server.folder, flags: ["--mode", "fast-test"] });
    const state = await health(server);
    outcomes[`${what}: ${state}`] = (outcomes[`${what}: ${state}`] ?? 0) + 1;
    expect(["healthy", "on-hold"]).toContain(state);
    expect((await fetch(`${server.url}/`, { headers: { authorization: `Bearer ${server.token}` } })).status).toBe(state === "healthy" ? 200 : 503);
    await server.kill("SIGKILL");
    for (const end of ["-wal", "-journal"]) rmSync(stateOf(server) + end, { force: true });
    expect(await run("restore", "latest", "--data", server.folder)).toMatchObject({ code: 0 });
  }
  console.log(`damages: ${JSON.stringify(outcomes)}`);
  servers.push(await start(server.folder));
  expect(await names(servers.at(-1)!)).toEqual(["Ada"]);
}, 30_000 + seeds * 8000);

test("F67: a training goes on through damage and restore: adopted, one attempt, and it ends well", async () => {
  const flags = ["--mode", "fast-test", "--simulate-speed", "4"];
  const server = await start(undefined, flags);
  const character = await makeCharacter(server, "Ada", 3);
  const job = await startTraining(server, character.id, { steps: 1500 });
  await waitFor("it trains", async () => ((await server.json<{ progress: { step: number } | null }>(`/api/training/${job.id}`)).progress?.step ?? 0) > 5, 60_000);
  await post(server, "/api/backups");
  await server.kill("SIGKILL");
  rmSync(`${stateOf(server)}-wal`, { force: true });
  damageFile(stateOf(server), 5);
  const held = await start(server.folder, flags);
  expect(await health(held)).toBe("on-hold");
  expect(processesOf(join(server.folder, "data/jobs")).length).toBeGreaterThan(0);
  expect((await post(held, "/api/hold/restore", { id: "latest" })).status).toBe(200);
  await waitFor("it serves", async () => (await health(held).catch(() => "")) === "healthy");
  expect(await waitForEnd(() => held, "training", job.id)).toMatchObject({ state: "succeeded", attempt: 1, failure: null });
  expect(existsSync(join(server.folder, "data/jobs", job.id, "attempt-2"))).toBe(false);
}, 180_000);
