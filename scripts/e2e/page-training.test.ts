import { afterAll, beforeAll, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import type { Character } from "../../server/contract/character.ts";
import type { Job } from "../../server/contract/job.ts";
import { startExecutable, type Started } from "../testing/executable.ts";
import { openBrowser, settled, shiftsOf, signedInPage } from "../testing/seen.ts";
import { lorasOf, makeCharacter, post, startGeneration, startTraining, waitForEnd } from "../testing/story.ts";

/** Slow enough that a long training still runs when the last page is looked at. */
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true };
const slow = ["--mode", "fast-test", "--simulate-speed", "30"];
let server: Started;
let browser: Browser;
let page: Page;
let ada: Character;
let done: Job;
let failed: Job;

beforeAll(async () => {
  const first = await startExecutable({ flags: ["--mode", "fast-test", "--simulate-speed", "100", "--simulate-scenario", "out-of-memory"] });
  ada = await makeCharacter(first, "Ada Lovelace", 6);
  failed = await waitForEnd(() => first, "training", (await startTraining(first, ada.id, { steps: 600 })).id);
  await first.kill("SIGTERM");
  startedAnHourEarlier(first.folder, failed.id);
  server = await startExecutable({ folder: first.folder, flags: slow });
  browser = await openBrowser();
  ({ page } = await signedInPage(browser, server));
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await server?.dispose();
});

/** As if the first attempt lay an hour back: nobody waits that long for a test. */
function startedAnHourEarlier(folder: string, jobId: string): void {
  const db = new Database(join(folder, "data/state.db"));
  db.run("update job set started_at = ? where id = ?", [new Date(Date.now() - 3_600_000).toISOString(), jobId]);
  db.close();
}

const trainQuickly = async () => waitForEnd(() => server, "training", (await startTraining(server, ada.id, { steps: 20, sampleEvery: 20, saveEvery: 20 })).id);

test("Home leads from a training to the first picture, then shows the pictures, and what came while nobody looked", async () => {
  const step = () => page.locator(".steps [data-s=now] h3").textContent();
  await page.getByText("Four steps to your first picture").waitFor();
  expect(await step()).toBe("Train");
  done = await trainQuickly();
  await page.locator(".steps [data-s=now] h3", { hasText: "Make a picture" }).waitFor();
  expect(await page.locator(".btn[data-kind=primary]").allTextContents()).toEqual(["Make a picture"]);
  const [lora] = await lorasOf(server);
  for (const prompt of ["a garden", "a beach"]) {
    await waitForEnd(() => server, "generation", (await startGeneration(server, { prompt, characterId: ada.id, loras: [{ id: lora!.id, strength: 0.9 }], count: 2 })).id);
  }
  await page.getByRole("link", { name: "Make pictures" }).waitFor();
  expect(await page.getByText("Four steps to your first picture").count()).toBe(0);
  const { page: other } = await signedInPage(browser, server);
  await other.addInitScript(() => {
    localStorage.setItem("isengard.seen", "2020-01-01T00:00:00.000Z");
    localStorage.setItem("isengard.left", "1");
  });
  await other.goto(server.url);
  const away = other.getByRole("region", { name: "While you were away" });
  await away.getByText("2 picture jobs, newest:").waitFor();
  expect(await away.getByRole("link", { name: "Open the picture" }).count()).toBe(4);
  await other.context().close();
}, 120_000);

test("while a training runs, each page tells of its own work, and what is asked for is told before it is asked for", async () => {
  const running = await startTraining(server, ada.id, { steps: 5000, sampleEvery: 20, saveEvery: 5000 });
  await page.goto(`${server.url}/training/${done.id}`);
  const icon = () => page.locator("link[rel=icon]").getAttribute("href");
  await page.waitForFunction(() => document.querySelector("link[rel=icon]")!.getAttribute("href")!.startsWith("data:image/svg"));
  expect(await page.title()).toStartWith("Done · Trained Ada Lovelace");
  expect(await page.getByRole("heading", { level: 1 }).textContent()).toStartWith("Trained Ada Lovelace");
  await page.goto(`${server.url}/generate`);
  await page.getByLabel("What should the picture show?").fill("a garden");
  await page.getByText("A training runs: the pictures wait until the GPU is free.").waitFor();
  await page.goto(server.url);
  const row = page.locator("section", { has: page.getByRole("heading", { name: "Running now" }) });
  await row.locator('img[src*="/artifacts/"]').waitFor();
  await row.getByRole("button", { name: `Stop ${running.title}` }).click();
  await page.getByRole("status", { name: "News" }).getByText(`“${running.title}” is being stopped.`).waitFor();
  await waitForEnd(() => server, "training", running.id);
  await page.waitForFunction(() => !document.querySelector("link[rel=icon]")!.getAttribute("href")!.startsWith("data:"));
  expect(await icon()).toEndWith("icon.svg");
}, 120_000);

test("a system message tells of the end of a training while the page is not looked at, and only then", async () => {
  const { page: own } = await signedInPage(browser, server, { permissions: ["notifications"] });
  await own.addInitScript(() => {
    const Real = Notification;
    const told: string[] = ((window as unknown as { told: string[] }).told = []);
    window.Notification = class extends Real {
      constructor(title: string, options?: NotificationOptions) {
        super(title, options);
        this.onshow = () => told.push(title);
      }
    };
  });
  const told = () => own.evaluate(() => (window as unknown as { told: string[] }).told);
  const look = (state: "visible" | "hidden") => own.evaluate((value) => Object.defineProperty(document, "visibilityState", { configurable: true, get: () => value }), state);
  await own.goto(`${server.url}/training`);
  await own.getByText("Connected").first().waitFor();
  const seen = await trainQuickly();
  await own.locator(`a[href="/training/${seen.id}"]`).first().waitFor();
  expect(await told()).toEqual([]);
  await look("hidden");
  await trainQuickly();
  await own.waitForFunction(() => (window as unknown as { told: string[] }).told.length > 0);
  expect(await told()).toEqual(["Trained Ada Lovelace, Quick"]);
  await own.context().close();
}, 120_000);

test("a retried training says how long this attempt runs, and what all of them took", async () => {
  expect(failed.state).toBe("failed");
  await post(server, `/api/jobs/${failed.id}/retry`, {});
  await page.goto(`${server.url}/training/${failed.id}`);
  const fact = (name: string) => page.locator(".numbers div", { hasText: name }).locator("dd");
  await fact("With earlier attempts").waitFor();
  expect(await fact("Running for").textContent()).toMatch(/^\d+ s$/);
  expect(await fact("With earlier attempts").textContent()).toMatch(/^1 h/);
  await server.json(`/api/training/${failed.id}/cancel`, { method: "POST" });
  await waitForEnd(() => server, "training", failed.id);
}, 120_000);

test("no estimate is asked for values that are known to be wrong", async () => {
  const { page: own, complaints } = await signedInPage(browser, server);
  const asked: unknown[] = [];
  own.on("request", (request) => request.url().endsWith("/api/training/estimate") && asked.push(request.postDataJSON()?.values?.steps));
  await own.goto(`${server.url}/training/new?character=${ada.id}`);
  const answered = () => own.waitForResponse((answer) => answer.url().endsWith("/api/training/estimate"));
  await own.locator("summary", { hasText: "Advanced" }).first().click();
  const steps = own.getByLabel(/^Steps/).first();
  await steps.fill("300");
  await answered();
  await steps.fill("1");
  await own.getByText(/^Choose \d+ or more/).first().waitFor();
  const next = answered();
  await steps.fill("400");
  await next;
  await settled(own);
  expect(asked).not.toContain(1);
  expect(asked.at(-1)).toBe(400);
  expect(complaints).toEqual([]);
  await own.context().close();
}, 60_000);

test("a running training keeps its place to the end on a phone, names its end, and shows its pictures above its numbers", async () => {
  const running = await startTraining(server, ada.id, { steps: 600, saveEvery: 100 });
  const { page } = await signedInPage(browser, server, phone);
  await page.goto(`${server.url}/training/${running.id}`);
  await page.waitForFunction(() => /^\d+ % · Training Ada/.test(document.title));
  await page.getByText("is ready").waitFor({ timeout: 60_000 });
  await settled(page);
  expect(await shiftsOf(page)).toBeLessThanOrEqual(0.1);
  expect(await page.title()).toStartWith("Done · Trained Ada Lovelace");
  expect(await page.locator("details.log-fold").getAttribute("open")).toBeNull();
  const order = await page.evaluate(() => [...document.querySelectorAll("main h2")].map((heading) => heading.textContent));
  expect(order.indexOf("Test pictures")).toBeLessThan(order.indexOf("Loss"));
  await page.context().close();
}, 120_000);
