import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import type { ErrorBody } from "../../server/contract/error.ts";
import type { Job, QueueView } from "../../server/contract/job.ts";
import type { Output } from "../../server/contract/output.ts";
import type { SystemStatus } from "../../server/contract/system.ts";
import { waitFor } from "../../server/testing/wait.ts";
import { findChromium } from "../testing/chromium.ts";
import { endLeftovers, processesOf, startExecutable, type Started } from "../testing/executable.ts";
import { lorasOf, makeCharacter, post, startGeneration, startTraining, waitForEnd } from "../testing/story.ts";

setDefaultTimeout(120_000);

let server: Started;
let browser: Browser;
let page: Page;
let character: string;
let picture: Job;
let waiting: Job;

beforeAll(async () => {
  server = await startExecutable({ flags: ["--mode", "fast-test", "--simulate-speed", "20"] });
  character = (await makeCharacter(server)).id;
  const training = await startTraining(server, character, { steps: 10, sampleEvery: 10, saveEvery: 10 });
  expect(await waitForEnd(() => server, "training", training.id)).toMatchObject({ state: "succeeded", simulated: true });
  const [lora] = await lorasOf(server);
  picture = await startGeneration(server, { loras: [{ id: lora!.id, strength: 1 }] });
  await waitForEnd(() => server, "generation", picture.id);
  await post(server, "/api/queue/pause", {});
  waiting = await startGeneration(server, { prompt: "asked for in fast-test" });
  await server.kill("SIGTERM");
  server = await startExecutable({ folder: server.folder, flags: ["--mode", "production", "--nvidia-smi", "/nowhere/nvidia-smi"] });
  await post(server, "/api/queue/resume", {});
  browser = await chromium.launch({ executablePath: findChromium(), args: ["--no-sandbox", "--disable-gpu"] });
  page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  page.setDefaultTimeout(30_000);
});
afterAll(async () => {
  await browser?.close();
  await server?.dispose();
  await endLeftovers(server.folder);
});

const send = async (path: string, body: unknown) => {
  const answer = await server.api(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  return { status: answer.status, error: ((await answer.json()) as Partial<ErrorBody>).error };
};

test("production does not run what was asked for in fast-test, and says why", async () => {
  const job = await waitFor("the reason is shown", async () => {
    const found = await server.json<Job>(`/api/jobs/${waiting.id}`);
    return found.waiting?.code === "other_mode" ? found : null;
  });
  expect(job).toMatchObject({ state: "queued", simulated: true, waiting: { text: expect.stringContaining("fast-test") } });
  const { waiting: line } = await server.json<QueueView>("/api/queue");
  expect(line).toMatchObject([{ job: { id: waiting.id }, startsInSeconds: null }]);
});

test("what the simulators made is marked, and production does not take it", async () => {
  const [lora] = await lorasOf(server);
  expect(lora).toMatchObject({ simulated: true });
  const { outputs } = await server.json<{ outputs: Output[] }>("/api/outputs");
  expect(outputs).toMatchObject([{ jobId: picture.id, simulated: true, settings: { simulated: true } }]);
  const png = Buffer.from(await (await server.api(outputs[0]!.url)).arrayBuffer()).toString("latin1");
  expect(png).toContain('"simulated":true');
  const { status, error } = await send("/api/generation", { prompt: "a", loras: [{ id: lora!.id, strength: 1 }], queueAnyway: true });
  expect([status, error?.what]).toEqual([409, "Ada v1 cannot be used in production."]);
});

test("what cannot run is refused with every obstacle and its way out, and queueAnyway is the other way", async () => {
  const training = await send("/api/training", { characterId: character });
  expect([training.status, training.error?.code]).toEqual([409, "cannot_run"]);
  const codes = training.error!.obstacles!.map(({ code }) => code);
  for (const code of ["no_gpu", "ai-toolkit"]) expect(codes).toContain(code);
  const pictures = await send("/api/generation", { prompt: "a" });
  expect([pictures.status, pictures.error?.code]).toEqual([409, "cannot_run"]);
  expect(pictures.error!.obstacles!.map(({ code }) => code)).toEqual(["no_gpu", "comfyui"]);
  for (const { what, why, fix } of [...training.error!.obstacles!, ...pictures.error!.obstacles!]) for (const sentence of [what, why, fix]) expect(sentence).not.toBe("");
  expect(await send("/api/training", { characterId: character, method: "dora" })).toMatchObject({ status: 400, error: { code: "not_supported", why: expect.stringContaining("LoRA") } });
  expect((await send("/api/generation", { prompt: "a", queueAnyway: true })).status).toBe(201);
  expect(await waitFor("it has failed for the reason that was told before", async () => {
    const { jobs } = await server.json<{ jobs: Job[] }>("/api/generation?status=failed");
    return jobs[0] ?? null;
  })).toMatchObject({ request: { queueAnyway: true } });
  expect((await send(`/api/jobs/${picture.id}/repeat`, {})).status).toBe(409);
});

test("the pages say it before the button is pressed, and the button says why it does nothing", async () => {
  await page.goto(server.link);
  await page.getByText("AI-Toolkit's folder is not set").first().waitFor();
  const status = await server.json<SystemStatus>("/api/status");
  expect(status.obstacles.training.map(({ code }) => code)).toContain("ai-toolkit");
  await page.goto(`${server.url}/training/new?character=${character}`);
  await page.getByText("A training cannot run here now").waitFor();
  expect(await page.locator("#start").getAttribute("aria-disabled")).toBe("true");
  await page.goto(`${server.url}/generate`);
  await page.getByLabel("What should the picture show?").fill("a garden");
  await page.getByText("Pictures cannot be made here now").waitFor();
  expect(await page.locator("#generate").getAttribute("aria-disabled")).toBe("true");
  expect(await page.getByText("1 LoRA of fast-test mode is not offered").count()).toBe(1);
  await page.getByRole("button", { name: "Queue anyway" }).click();
  await waitFor("it was accepted", async () => (await server.json<{ jobs: Job[] }>("/api/generation")).jobs.some((job) => job.request["prompt"] === "a garden"));
  await page.goto(`${server.url}/settings`);
  await page.getByText("It was fixed with --mode when Isengard was started").first().waitFor();
  expect(await page.getByRole("button", { name: "Use simulators" }).getAttribute("aria-disabled")).toBe("true");
});

test("the first visit after a start says what is missing, though nobody had looked before", async () => {
  const fresh = await startExecutable({ flags: ["--mode", "production", "--nvidia-smi", "/nowhere/nvidia-smi"] });
  try {
    const own = await (await browser.newContext()).newPage();
    await own.goto(fresh.link);
    await own.getByText("AI-Toolkit's folder is not set").first().waitFor();
    await own.context().close();
  } finally {
    await fresh.dispose();
  }
});

test("as npm start leaves it, the first page asks for the mode, and Settings can change it", async () => {
  const fresh = await startExecutable({ executable: process.execPath, flags: [join(import.meta.dir, "../start.ts")] });
  try {
    const own = await (await browser.newContext()).newPage();
    await own.goto(fresh.link);
    await own.getByText("How do you want to use Isengard?").waitFor();
    await own.getByRole("button", { name: "Try with simulators" }).click();
    await own.getByText("Four steps to your first picture").waitFor();
    await own.goto(`${fresh.url}/settings`);
    await own.getByRole("button", { name: "Use this machine's GPU" }).click();
    await own.getByRole("button", { name: "Use simulators" }).waitFor();
    expect((await fresh.json<{ mode: unknown }>("/api/info")).mode).toBe("production");
    await own.context().close();
  } finally {
    await fresh.dispose();
  }
});

test("a training whose server is killed and started in the other mode is stopped there and waits, and goes on when its mode is back", async () => {
  await server.kill("SIGTERM");
  server = await startExecutable({ folder: server.folder, flags: ["--mode", "fast-test", "--simulate-speed", "5"] });
  const training = await startTraining(server, character, { steps: 400, sampleEvery: 400, saveEvery: 20 });
  const jobOf = () => server.json<Job>(`/api/jobs/${training.id}`);
  await waitFor("a state was saved", async () => ((await jobOf()).progress?.step ?? 0) > 40, 60_000);
  await server.kill("SIGKILL");
  server = await startExecutable({ folder: server.folder, flags: ["--mode", "production"] });
  await waitFor("it waits for its mode", async () => (await jobOf()).waiting?.code === "other_mode", 60_000);
  const children = () => processesOf(server.folder).filter((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("ai-toolkit"));
  await waitFor("its child is gone", () => children().length === 0, 60_000);
  expect(await jobOf()).toMatchObject({ state: "queued", attempt: 0 });
  await server.kill("SIGTERM");
  server = await startExecutable({ folder: server.folder, flags: ["--mode", "fast-test", "--simulate-speed", "50"] });
  expect(await waitForEnd(() => server, "training", training.id)).toMatchObject({ state: "succeeded", simulated: true });
  const { entries } = await server.json<{ entries: Array<{ message: string }> }>(`/api/jobs/${training.id}/logs/view?limit=1000`);
  expect(entries.some(({ message }) => message.includes("RESUMING FROM"))).toBe(true);
});
