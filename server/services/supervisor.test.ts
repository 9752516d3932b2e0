import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ServiceHandle, ServiceSpec } from "../../plugins/plugin.ts";
import { ServiceUnavailable } from "../contract/service-unavailable.ts";
import type { ServiceState, ServiceStatus } from "../contract/system.ts";
import { createLog } from "../base/log.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { waitFor } from "../testing/wait.ts";
import type { Clock } from "../base/wait.ts";
import { findMarked } from "../process/marker.ts";
import { readWhole } from "../process/records.ts";
import { Detached } from "../process/run.ts";
import type { ServiceRecord } from "./store.ts";
import { Supervisor } from "./supervisor.ts";
import { pause } from "../base/wait.ts";

setDefaultTimeout(30_000);

const self = [process.execPath, join(import.meta.dir, "../process/testing-hold.ts")];
const log = createLog({ write: () => {} }, "error");
const speed = 20;
/** A minute of the supervisor passes in three seconds. */
const fastClock: Clock = { now: () => performance.now() * speed, sleep: (ms, signal) => pause(ms / speed, signal) };

let folder = temporaryFolder();
let changes: ServiceStatus[] = [];
let supervisors: Supervisor[] = [];
beforeEach(() => {
  folder = temporaryFolder();
  changes = [];
  supervisors = [];
});
afterEach(async () => {
  for (const each of supervisors) await each.stopService("tool", "the test is over").catch(() => {});
  const runId = readWhole<ServiceRecord>(join(folder.path, "tool"), "service.json")?.runId;
  const left = runId ? findMarked(runId) : [];
  for (const each of left) process.kill(each.pid, "SIGKILL");
  for (const each of supervisors) await each.stop();
  folder.remove();
  expect(left).toEqual([]);
});

function tool(behaviour: string, over: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    name: "tool", label: "The tool", attachUrl: null, unavailable: () => null,
    command: async ({ dir, port }) => ({
      file: process.execPath, args: [join(import.meta.dir, "testing-service.ts"), String(port), behaviour], cwd: dir, env: {}, columns: 200,
      stop: [{ signal: "SIGINT", target: "leader", waitMs: 2_000 }, { signal: "SIGKILL", target: "group", waitMs: 1_000 }],
    }),
    probe: async (url) => ((await fetch(url)).ok ? { ready: true, version: "1.0" } : { ready: false, why: "It answered with an error." }),
    explain: (outcome, tail) => ({ code: "unknown", what: "The tool ended.", why: `The tool ended (${outcome.kind}): ${tail.at(-1) ?? "no output"}.`, fix: "", tail: [...tail] }),
    startDeadlineMs: 120_000, idleStopMs: 3_600_000, ...over,
  };
}

async function supervise(spec: ServiceSpec): Promise<Supervisor> {
  const made = new Supervisor({ specs: [spec], dir: folder.path, self, serverFile: join(folder.path, "server.json"), log, clock: fastClock, onChange: (status) => void changes.push(status) });
  supervisors.push(made);
  await made.start();
  return made;
}

const state = (one: Supervisor) => one.statuses()[0] as ServiceStatus;
const pidAt = async (handle: ServiceHandle) => Number(await (await fetch(handle.url)).text());
const seen = (...states: ServiceState[]) => states.every((each) => changes.some((change) => change.state === each));

test("starts a tool for the first who needs it, and shares it", async () => {
  const one = await supervise(tool("ok"));
  expect(state(one)).toMatchObject({ state: "stopped", pid: null });
  const [first, second] = await Promise.all([one.acquire("tool"), one.acquire("tool")]);
  expect(first.instance).toBe(second.instance);
  expect(await pidAt(first)).toBe(state(one).pid as number);
  expect(state(one)).toMatchObject({ state: "ready", version: "1.0", port: Number(new URL(first.url).port) });
  expect(first.gone.aborted).toBe(false);
  await one.stopService("tool", "training needs the GPU");
  expect(first.gone.aborted).toBe(true);
  expect(state(one)).toMatchObject({ state: "stopped", detail: "training needs the GPU", pid: null });
  const third = await one.acquire("tool");
  expect(third.instance).not.toBe(first.instance);
});

test("P10: starts a crashed tool again for those who use it", async () => {
  const one = await supervise(tool("ok"));
  const handle = await one.acquire("tool");
  const before = await pidAt(handle);
  await fetch(`${handle.url}/crash`);
  await waitFor("the crash is noticed", () => handle.gone.aborted);
  const again = await one.acquire("tool");
  expect(await pidAt(again)).not.toBe(before);
  expect(changes.find((change) => change.state === "crashed")?.detail).toContain("The tool ended (exited): listening on");
});

test("P10, F34: gives up after five crashes, with the reason, until somebody clears it", async () => {
  const one = await supervise(tool("broken"));
  expect(one.acquire("tool")).rejects.toThrow("fatal: the model is missing");
  await waitFor("it gave up", () => state(one).state === "gave-up");
  expect(changes.filter((change) => change.state === "starting" && change.pid === null).length).toBe(5);
  expect(one.acquire("tool")).rejects.toMatchObject({ name: "ServiceUnavailable", failure: { code: "unknown", tail: ["fatal: the model is missing"] } });
  expect(state(one).failure).toMatchObject({ code: "unknown", why: expect.stringContaining("fatal"), tail: ["fatal: the model is missing"] });
  one.clear("tool");
  expect([state(one).state, state(one).failure]).toEqual(["stopped", undefined]);
});

test("the next server adopts the same process under the same address", async () => {
  const first = await supervise(tool("ok"));
  const handle = await first.acquire("tool");
  const pid = await pidAt(handle);
  await first.stop();
  expect(handle.gone.aborted).toBe(false);
  expect(first.acquire("tool")).rejects.toBeInstanceOf(Detached);
  const second = await supervise(tool("ok"));
  const adopted = await second.acquire("tool");
  expect({ url: adopted.url, instance: adopted.instance, pid: await pidAt(adopted) }).toEqual({ url: handle.url, instance: handle.instance, pid });
});

test("a tool that would be started differently now is stopped, not adopted", async () => {
  const first = await supervise(tool("ok"));
  const handle = await first.acquire("tool");
  const pid = await pidAt(handle);
  await first.stop();
  const second = await supervise(tool("ok", { command: (place) => tool("other").command(place) }));
  const fresh = await second.acquire("tool");
  expect(await pidAt(fresh)).not.toBe(pid);
  expect(findMarked(handle.instance)).toEqual([]);
});

test("goes on stopping what an earlier server was stopping, and starts anew", async () => {
  const first = await supervise(tool("ok"));
  const handle = await first.acquire("tool");
  await first.stop();
  writeFileSync(join(folder.path, "tool", "runs", handle.instance, "stop.json"), JSON.stringify({ requestedAt: new Date().toISOString() }));
  const second = await supervise(tool("ok"));
  const fresh = await second.acquire("tool");
  expect(fresh.instance).not.toBe(handle.instance);
  expect(findMarked(handle.instance)).toEqual([]);
});

test("a damaged record is said, and keeps neither the server nor the tool from starting", async () => {
  mkdirSync(join(folder.path, "tool"));
  writeFileSync(join(folder.path, "tool", "service.json"), "{");
  const one = await supervise(tool("ok"));
  await waitFor("it gave up", () => state(one).state === "gave-up");
  expect(state(one).detail).toContain("damaged");
  one.clear("tool");
  await one.acquire("tool");
});

test("stops a tool that nobody uses, and starts it again when needed", async () => {
  const one = await supervise(tool("ok", { idleStopMs: 6_000 }));
  const handle = await one.acquire("tool");
  const from = fastClock.now();
  await waitFor("it was ready for longer than it may be idle", () => fastClock.now() > from + 9_000);
  expect(state(one).state).toBe("ready");
  handle.release();
  await waitFor("it is stopped", () => state(one).state === "stopped");
  expect(state(one).detail).toContain("nobody used it");
  await one.acquire("tool");
});

test("P4: chooses another port when its port was taken, without counting a crash", async () => {
  const one = await supervise(tool("port-taken-once"));
  await one.acquire("tool");
  const ports = changes.filter((change) => change.state === "starting").map((change) => change.port);
  expect(new Set(ports).size).toBe(2);
  expect(seen("crashed")).toBe(false);
});

test("P4, F36: does not take a stranger on its port for the tool", async () => {
  const strangers: Array<ReturnType<typeof Bun.serve>> = [];
  const spec = tool("ok");
  const command: ServiceSpec["command"] = async (place) => {
    if (strangers.length > 0) return spec.command(place);
    strangers.push(Bun.serve({ hostname: "127.0.0.1", port: place.port, fetch: () => new Response("0") }));
    return { ...(await spec.command(place)), file: "/bin/sleep", args: ["30"] };
  };
  try {
    const one = await supervise({ ...spec, command });
    const handle = await one.acquire("tool");
    expect(await pidAt(handle)).toBe(state(one).pid as number);
    expect(Number(new URL(handle.url).port)).not.toBe(strangers[0]?.port as number);
    expect(seen("crashed")).toBe(false);
  } finally {
    for (const stranger of strangers) await stranger.stop(true);
  }
});

test("P7: ends a tool that no longer answers, and starts it again", async () => {
  const one = await supervise(tool("ok"));
  const handle = await one.acquire("tool");
  await fetch(`${handle.url}/deaf`);
  handle.release();
  await waitFor("it was ended", () => handle.gone.aborted);
  await waitFor("it says why", () => seen("crashed"));
  expect(changes.find((change) => change.state === "crashed")?.detail).toContain("no longer answers");
});

test("P5: a tool that is never ready is ended at the deadline", async () => {
  const one = await supervise(tool("ok", { startDeadlineMs: 4_000, probe: async () => ({ ready: false, why: "Loading." }) }));
  const stop = new AbortController();
  const waiting = one.acquire("tool", stop.signal);
  await waitFor("the deadline passed", () => seen("crashed"));
  expect(changes.find((change) => change.state === "crashed")?.detail).toMatch(/not ready within \d+ s: Loading\./);
  stop.abort(new Error("enough"));
  expect(waiting).rejects.toThrow("enough");
});

test("restarts a stuck tool for its user, once for all who ask", async () => {
  const one = await supervise(tool("ok"));
  const handle = await one.acquire("tool");
  await Promise.all([handle.restart("it does not react"), handle.restart("it does not react")]);
  const again = await one.acquire("tool");
  await handle.restart("asked too late");
  expect(again.gone.aborted).toBe(false);
  expect(again.instance).not.toBe(handle.instance);
  expect(seen("crashed")).toBe(false);
});

test("says why a tool cannot be had here", async () => {
  const one = await supervise(tool("ok", { unavailable: () => "ComfyUI's folder is not set." }));
  expect(state(one)).toMatchObject({ state: "not-configured", detail: "ComfyUI's folder is not set." });
  expect(one.acquire("tool")).rejects.toThrow("folder is not set");
  expect(one.acquire("other")).rejects.toBeInstanceOf(ServiceUnavailable);
});

test("P5: a start that visibly goes on is not given up at the deadline, but at the hard limit", async () => {
  let asked = 0;
  const one = await supervise(tool("ok", { startDeadlineMs: 4_000, probe: async () => ({ ready: false, why: `Loading part ${asked++}.` }) }));
  const stop = new AbortController();
  const begun = fastClock.now();
  const waiting = one.acquire("tool", stop.signal);
  await waitFor("it was given up", () => seen("crashed"));
  expect(fastClock.now() - begun).toBeGreaterThan(18_000);
  expect(changes.find((change) => change.state === "crashed")?.detail).toMatch(/not ready within (19|2\d) s: Loading part/);
  stop.abort(new Error("enough"));
  expect(waiting).rejects.toThrow("enough");
});

test("P5: a slow start that prints is waited for", async () => {
  let readyAt = Infinity;
  const spec = tool("ok", { startDeadlineMs: 20_000 });
  const chatty = "i=0; while [ $i -lt 400 ]; do echo loading $i; i=$((i+1)); sleep 0.05; done";
  const one = await supervise({
    ...spec,
    command: async (place) => ({ ...(await spec.command(place)), file: "/bin/sh", args: ["-c", chatty] }),
    probe: async () => (fastClock.now() > readyAt ? { ready: true, version: "1.0" } : { ready: false, why: "Loading." }),
  });
  readyAt = fastClock.now() + 50_000;
  await one.acquire("tool");
  expect(seen("crashed")).toBe(false);
});

test("P7, Q22, F31: a tool that is stopped by the system is given up after 3 misses when idle, and after a minute when in use", async () => {
  for (const inUse of [false, true]) {
    const one = await supervise(tool("ok", { probe: async (url) => ((await fetch(url, { signal: AbortSignal.timeout(100) })).ok ? { ready: true, version: "1.0" } : { ready: false, why: "An error." }) }));
    const handle = await one.acquire("tool");
    if (!inUse) handle.release();
    process.kill(await pidAt(handle), "SIGSTOP");
    const begun = fastClock.now();
    await waitFor("it is given up", () => handle.gone.aborted);
    expect((fastClock.now() - begun) / 1000).toBeWithin(inUse ? 55 : 10, inUse ? 120 : 45);
    handle.release();
    await one.stopService("tool", "next round");
    await one.stop();
  }
});

test("what another mode left running is stopped, whatever it is, and nothing else", async () => {
  const first = await supervise(tool("ok"));
  const handle = await first.acquire("tool");
  await first.stop();
  expect(findMarked(handle.instance).length).toBeGreaterThan(0);
  await Supervisor.stopLeftovers(join(folder.path, "no such folder"), { self, log });
  mkdirSync(join(folder.path, "damaged"));
  writeFileSync(join(folder.path, "damaged", "service.json"), "{");
  await Supervisor.stopLeftovers(folder.path, { self, log });
  expect(findMarked(handle.instance)).toEqual([]);
});
