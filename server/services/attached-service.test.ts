import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { ServiceSpec } from "../../plugins/plugin.ts";
import type { ServiceStatus } from "../contract/system.ts";
import { createLog } from "../base/log.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { waitFor } from "../testing/wait.ts";
import type { Clock } from "../base/wait.ts";
import { pause } from "../base/wait.ts";
import { freePort } from "./port.ts";
import { Supervisor } from "./supervisor.ts";

setDefaultTimeout(30_000);

const speed = 20;
/** A minute of the supervisor passes in three seconds. */
const fastClock: Clock = { now: () => performance.now() * speed, sleep: (ms, signal) => pause(ms / speed, signal) };

let folder = temporaryFolder();
let supervisors: Supervisor[] = [];
beforeEach(() => {
  folder = temporaryFolder();
  supervisors = [];
});
afterEach(async () => {
  for (const each of supervisors) await each.stop();
  folder.remove();
});

function elsewhere(attachUrl: string, probe?: ServiceSpec["probe"]): ServiceSpec {
  return {
    name: "tool", label: "The tool", attachUrl, unavailable: () => null,
    command: () => Promise.reject(new Error("It is never started.")),
    probe: probe ?? (async (url) => ((await fetch(url)).ok ? { ready: true, version: "1.0" } : { ready: false, why: "It answered with an error." })),
    explain: () => ({ code: "unknown", what: "", why: "", fix: "", tail: [] }),
    startDeadlineMs: 120_000, idleStopMs: 3_600_000,
  };
}

async function supervise(spec: ServiceSpec): Promise<Supervisor> {
  const made = new Supervisor({
    specs: [spec], dir: folder.path, self: [process.execPath], serverFile: join(folder.path, "server.json"), log: createLog({ write: () => {} }, "error"),
    clock: fastClock, onChange: () => {},
  });
  supervisors.push(made);
  await made.start();
  return made;
}

const state = (one: Supervisor) => one.statuses()[0] as ServiceStatus;

test("only speaks to a tool that runs elsewhere, and tells when it is gone", async () => {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("hello") });
  const url = `http://127.0.0.1:${server.port}`;
  const one = await supervise(elsewhere(url));
  const handle = await one.acquire("tool");
  expect(handle).toMatchObject({ url, dir: null });
  expect(state(one)).toMatchObject({ state: "attached", pid: null, version: "1.0" });
  expect(handle.restart("stuck")).rejects.toThrow("not started by Isengard");
  handle.release();
  await server.stop(true);
  await waitFor("its end is noticed", () => handle.gone.aborted);
  expect(state(one).state).toBe("unreachable");
  expect(one.acquire("tool")).rejects.toThrow("cannot be used now");
});

test("an attached tool that is gone is told after two questions, while its job keeps it for a minute", async () => {
  let isThere = true;
  let silent = 0;
  const said: string[] = [];
  const one = await supervise(elsewhere(`http://127.0.0.1:${freePort()}`, async () => {
    if (isThere) return { ready: true, version: "1.0" };
    silent += 1;
    said.push(state(one).state);
    return { ready: false, why: "Nothing listens at its address." };
  }));
  const handle = await one.acquire("tool");
  isThere = false;
  await waitFor("its job is let go", () => handle.gone.aborted);
  // What the page showed when each question was asked: the first miss is not said, the second is.
  expect(said.slice(0, 3)).toEqual(["attached", "attached", "unreachable"]);
  expect(silent).toBe(12);
  expect(state(one).detail).toMatch(/^.+ at http:\/\/127\.0\.0\.1:\d+ cannot be used now\. Nothing listens at its address\.$/);
  handle.release();
});

test("finds nobody at an address where nothing listens", async () => {
  const one = await supervise(elsewhere(`http://user:secret@127.0.0.1:${freePort()}`));
  const refusal = await one.acquire("tool").catch((error: Error) => error.message);
  expect(refusal).toContain("cannot be used now");
  expect(state(one).detail).not.toContain("secret");
});
