import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { Plugin, ServiceSpec } from "../plugins/plugin.ts";
import { loadConfig } from "./base/config.ts";
import type { Mode } from "./contract/system.ts";
import { Engines } from "./engines.ts";
import { makeFolders, mapPaths } from "./files/paths.ts";
import { createLog } from "./base/log.ts";
import { Redactor } from "./logs/redact.ts";
import { findMarked } from "./process/marker.ts";
import { temporaryFolder } from "./testing/folder.ts";
import { waitFor } from "./testing/wait.ts";

setDefaultTimeout(30_000);

const self = [process.execPath, join(import.meta.dir, "process", "testing-hold.ts")];
let folder = temporaryFolder();
beforeEach(() => { folder = temporaryFolder(); });
afterEach(() => folder.remove());

const spec: ServiceSpec = {
  name: "tool", label: "The tool", attachUrl: null, unavailable: () => null,
  command: async ({ dir, port }) => ({
    file: process.execPath, args: [join(import.meta.dir, "services/testing-service.ts"), String(port), "ok"], cwd: dir, env: {}, columns: 200,
    stop: [{ signal: "SIGINT", target: "leader", waitMs: 2_000 }, { signal: "SIGKILL", target: "group", waitMs: 1_000 }],
  }),
  probe: async (url) => ((await fetch(url)).ok ? { ready: true, version: "1.0" } : { ready: false, why: "It answered with an error." }),
  explain: () => ({ code: "unknown", what: "It ended.", why: "It ended.", fix: "", tail: [] }), startDeadlineMs: 120_000, idleStopMs: 3_600_000,
};
const plugin: Plugin = { name: "tool", toolVersion: "1", create: () => ({ services: [spec] }), simulators: {} };

function engines(): Engines {
  const paths = mapPaths(folder.path);
  makeFolders(paths);
  const { config } = loadConfig({ flags: [], env: {}, file: null });
  return new Engines({ plugins: [plugin], config, paths, self, log: createLog({ write: () => {} }, "error"), redactor: new Redactor([]), onChange: () => {} });
}

/** A server that was killed: its tool runs on, and nobody looks after it. */
async function leaveRunning(mode: Mode): Promise<string> {
  const server = engines();
  await server.use(mode);
  const { instance } = await server.acquire("tool");
  await server.stop();
  expect(findMarked(instance).length).toBeGreaterThan(0);
  return instance;
}

test("a tool that a killed server left running in the other mode is ended, and one of the same mode is taken over", async () => {
  const instance = await leaveRunning("production");
  const same = engines();
  await same.use("production");
  expect((await same.acquire("tool")).instance).toBe(instance);
  await same.stop();
  const other = engines();
  await other.use("fast-test");
  await waitFor("nothing of it is left", () => findMarked(instance).length === 0, 20_000);
  await other.stop();
});

test("changing the mode there and back never leaves a tool of the other one", async () => {
  const instance = await leaveRunning("production");
  const server = engines();
  await server.use("fast-test");
  await server.use("production");
  const handle = await server.acquire("tool");
  expect(findMarked(instance)).toEqual([]);
  handle.release();
  await server.use("fast-test");
  expect(findMarked(handle.instance)).toEqual([]);
  await server.stop();
});
