import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createLog } from "../../server/base/log.ts";
import type { Clock } from "../../server/base/wait.ts";
import { findMarked } from "../../server/process/marker.ts";
import { Supervisor } from "../../server/services/supervisor.ts";
import { pause } from "../../server/base/wait.ts";
import { temporaryFolder } from "../../server/testing/folder.ts";
import { waitFor } from "../../server/testing/wait.ts";
import { DurableJob, TestImageHost, TestServices } from "../conformance/image-host.ts";
import type { ImageJob } from "../interfaces/image.ts";
import type { PluginSettings, ServiceHandle, ToolCommand } from "../plugin.ts";
import { comfyBackend } from "./backend.ts";
import { defaultLimits } from "./generation/limits.ts";
import { comfyService } from "./service/service.ts";
import { MeddlingProxy } from "./testing-proxy.ts";

// Real processes on a busy machine need more than the usual five seconds.
setDefaultTimeout(60_000);

const folder = temporaryFolder();
const opened: TestServices[] = [];
afterAll(async () => {
  for (const services of opened) await services[Symbol.asyncDispose]();
  folder.remove();
});

const limits = { ...defaultLimits, cancelMs: 800, lostGapMs: 300, pollMs: 200, pollWithoutSocketMs: 100 };
const job: ImageJob = { prompt: "portrait of ada", model: "flux-dev", loras: [], seeds: [11, 12, 13], width: 512, height: 512, steps: 20, guidance: 3.5 };

function bench(name: string, speed: number) {
  const root = join(folder.path, name);
  mkdirSync(join(root, "loras"), { recursive: true });
  const settings: PluginSettings = {
    mode: "fast-test", self: [process.execPath, join(import.meta.dir, "..", "..", "server", "main.ts")], aiToolkit: { dir: null, python: null },
    comfyui: { dir: null, python: null, url: null }, lorasDir: join(root, "loras"), modelsDir: "/nowhere", baseModel: null, hfTokenFile: null, simulator: { scenario: "ok", speed },
  };
  const services = new TestServices([comfyService(settings)], root);
  opened.push(services);
  return { root, settings, services, backend: comfyBackend(settings, limits), host: new TestImageHost(new DurableJob(`job-${name}`, join(root, "job")), services) };
}

/** The tool stands somewhere else, behind an address that stays when it restarts: nobody tells us that it is gone. */
function attachThrough(services: TestServices, address: string, host: TestImageHost): void {
  const elsewhere: ServiceHandle = {
    url: address, dir: null, instance: "elsewhere", gone: new AbortController().signal, release: () => undefined, restart: () => Promise.reject(new Error("It is not ours.")),
  };
  Object.defineProperty(host, "service", { value: async () => (await services.use("comfyui"), elsewhere) });
}

const seedsOf = (host: TestImageHost) => [...host.job.outputs.values()].map(({ settings }) => settings.seed);

test("F32: events that are lost, doubled, swapped or of somebody else's prompt give no wrong state and no second picture", async () => {
  const { services, backend, host } = bench("events", 10);
  const { url } = await services.use("comfyui");
  await using proxy = await MeddlingProxy.to(url);
  attachThrough(services, proxy.url, host);
  proxy.meddle = (text, send, count) => {
    if (count % 5 === 0) return; // lost
    const foreign = text.replace(/"prompt_id":"[^"]+"/, `"prompt_id":"${crypto.randomUUID()}"`);
    if (count % 3 === 0) setTimeout(() => send(text), 40); // late, so behind the ones that follow
    else send(text);
    if (count % 4 === 0) send(text); // doubled
    send(foreign);
    if (count % 7 === 0) send(JSON.stringify({ type: "execution_success", data: { prompt_id: crypto.randomUUID() } }));
    if (count % 11 === 0) send(JSON.stringify({ type: "executing", data: { node: null, prompt_id: crypto.randomUUID() } }));
  };
  expect(await backend.generate(job, host)).toEqual({ kind: "succeeded" });
  expect(proxy.meddled).toBeGreaterThan(30);
  expect(seedsOf(host)).toEqual([11, 12, 13]);
  expect(host.job.doubled).toBe(0);
  expect(proxy.posts).toBe(3);
  const fractions = host.seen.flatMap(({ fraction }) => (fraction === null ? [] : [fraction]));
  expect(fractions).toEqual(fractions.toSorted((one, other) => one - other));
});

test("F32: without one single event all pictures are made, for the history decides", async () => {
  const { services, backend, host } = bench("silence", 20);
  const { url } = await services.use("comfyui");
  await using proxy = await MeddlingProxy.to(url);
  attachThrough(services, proxy.url, host);
  proxy.meddle = () => undefined;
  expect(await backend.generate(job, host)).toEqual({ kind: "succeeded" });
  expect({ seeds: seedsOf(host), doubled: host.job.doubled, posts: proxy.posts }).toEqual({ seeds: [11, 12, 13], doubled: 0, posts: 3 });
});

test("F33: a ComfyUI that restarts and forgets is noticed by the id that it no longer knows, and the picture is made once more", async () => {
  const { services, backend, host } = bench("forgets", 6);
  const { url } = await services.use("comfyui");
  await using proxy = await MeddlingProxy.to(url);
  attachThrough(services, proxy.url, host);
  const outcome = backend.generate(job, host);
  await waitFor("it samples the second picture", () => host.job.outputs.size === 1 && host.seen.some(({ step }) => step > 22), 30_000);
  await services.crash("comfyui");
  proxy.target = (await services.use("comfyui")).url;
  expect(await outcome).toEqual({ kind: "succeeded" });
  expect(host.logged.filter((line) => line.startsWith("prompt.lost"))).toHaveLength(1);
  expect({ seeds: seedsOf(host), doubled: host.job.doubled, posts: proxy.posts }).toEqual({ seeds: [11, 12, 13], doubled: 0, posts: 4 });
});

test("F30: a ComfyUI that is killed with -9 during a picture is told as killed, and the next attempt makes what is missing, once and with its seed", async () => {
  const { services, backend, host } = bench("killed", 6);
  const outcome = backend.generate(job, host);
  await waitFor("it samples the second picture", () => host.job.outputs.size === 1 && host.seen.some(({ step }) => step > 22), 30_000);
  await services.crash("comfyui");
  expect(await outcome).toMatchObject({ kind: "failed", failure: { code: "killed" } });
  expect(await backend.generate(job, new TestImageHost(host.job, services))).toEqual({ kind: "succeeded" });
  expect({ seeds: seedsOf(host), doubled: host.job.doubled, starts: services.started.length }).toEqual({ seeds: [11, 12, 13], doubled: 0, starts: 2 });
});

const clockSpeed = 20;
const fastClock: Clock = { now: () => performance.now() * clockSpeed, sleep: (ms, signal) => pause(ms / clockSpeed, signal) };

const hurried = (command: ToolCommand): ToolCommand => ({ ...command, stop: command.stop.map((rung) => ({ ...rung, waitMs: rung.waitMs / clockSpeed })) });

test("F31: a ComfyUI that hangs during a picture is found unhealthy within a minute and a bit, restarted, and the picture is made with its seed", async () => {
  const { root, settings, backend, host } = bench("hangs", 4);
  const said: string[] = [];
  const spec = comfyService(settings);
  // A look at a tool that hangs ends at its limit of 5 s, which is real time; here it has to pass as fast as the rest.
  const probe: typeof spec.probe = (url, place) => Promise.race([spec.probe(url, place), Bun.sleep(5_000 / clockSpeed).then(() => ({ ready: false as const, why: "No answer." }))]);
  const supervisor = new Supervisor({
    specs: [{ ...spec, probe, command: async (place) => hurried(await spec.command(place)) }], dir: join(root, "services"), self: [process.execPath, join(import.meta.dir, "..", "..", "server", "process", "testing-hold.ts")],
    serverFile: join(root, "server.json"), log: createLog({ write: () => undefined }, "error"), clock: fastClock, onChange: ({ state, detail }) => void said.push(`${state}: ${detail}`),
  });
  await supervisor.start();
  const instances: string[] = [];
  Object.defineProperty(host, "service", { value: async (name: string) => {
    const handle = await supervisor.acquire(name);
    instances.push(handle.instance);
    return handle;
  } });
  try {
    const outcome = backend.generate(job, host);
    await waitFor("it samples", () => host.seen.some(({ step }) => step > 2), 30_000);
    const begun = fastClock.now();
    process.kill(supervisor.statuses()[0]!.pid!, "SIGSTOP");
    await waitFor("it is called unhealthy", () => said.some((line) => line.startsWith("stopping") && line.includes("no longer answers")), 30_000);
    expect((fastClock.now() - begun) / 1000).toBeWithin(50, 115);
    expect(await outcome).toEqual({ kind: "succeeded" });
    expect({ seeds: seedsOf(host), doubled: host.job.doubled, instances: new Set(instances).size }).toEqual({ seeds: [11, 12, 13], doubled: 0, instances: 2 });
  } finally {
    await supervisor.stopService("comfyui", "the test is over");
    await supervisor.stop();
  }
  for (const instance of instances) expect(findMarked(instance)).toEqual([]);
});
