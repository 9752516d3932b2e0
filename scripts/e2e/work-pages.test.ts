import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser } from "playwright-core";
import type { Character } from "../../server/contract/character.ts";
import type { Job } from "../../server/contract/job.ts";
import { startExecutable, type Started } from "../testing/executable.ts";
import { openBrowser, settled, shiftsOf, signedInPage, widerBy } from "../testing/seen.ts";
import { makeCharacter, post, startGeneration, startTraining, waitForEnd } from "../testing/story.ts";

const longName = "Maximiliane".repeat(9);
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true };
const fast = ["--mode", "fast-test", "--simulate-speed", "30"];
let server: Started;
let browser: Browser;
let ada: Character;
let long: Character;
let done: Job;
let failed: Job;
let made: Job;

beforeAll(async () => {
  const first = await startExecutable({ flags: [...fast, "--simulate-scenario", "out-of-memory"] });
  [ada, long] = [await makeCharacter(first, "Ada Lovelace", 6), await makeCharacter(first, longName, 5)];
  failed = await waitForEnd(() => first, "training", (await startTraining(first, ada.id, { steps: 300 })).id);
  await first.kill("SIGTERM");
  server = await startExecutable({ folder: first.folder, flags: fast });
  done = await waitForEnd(() => server, "training", (await startTraining(server, long.id, { steps: 300 })).id);
  made = await waitForEnd(() => server, "generation", (await startGeneration(server, { prompt: "portrait in a garden", loras: [{ id: done.results[0], strength: 0.9 }], count: 2 })).id);
  browser = await openBrowser();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await server?.dispose();
});

test("a link that was used says so with the command for a new one, and lets a signed-in browser through", async () => {
  const { path } = await server.json<{ path: string }>("/api/links", { method: "POST" });
  const page = await (await browser.newContext()).newPage();
  await page.goto(server.url + path);
  await page.getByRole("heading", { level: 1, name: "Home" }).waitFor();
  await page.goto(server.url + path);
  await page.getByRole("heading", { level: 1, name: "Home" }).waitFor();
  await page.context().clearCookies();
  await page.goto(server.url + path);
  await page.getByText("This link does not work any more").waitFor();
  expect(await page.evaluate(() => document.activeElement?.getAttribute("type"))).toBe("password");
  expect(await page.getByLabel("Command that prints a new link").textContent()).toMatch(new RegExp(`/dist/isengard link --data ${server.folder}$`));
  await page.getByLabel("Access token").fill(server.token);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Home" }).waitFor();
  await page.context().close();
}, 60_000);

describe("a training that failed", () => {
  test("has one button that does what the sentence says; class, reference and lesser ways are behind folds", async () => {
    const { page } = await signedInPage(browser, server);
    await page.goto(`${server.url}/training/${failed.id}`);
    await page.getByText("What to do:").waitFor();
    expect(await page.locator("main .btn[data-kind=primary]").allTextContents()).toEqual(["Train again with this change"].map((word) => expect.stringContaining(word)));
    expect(await page.getByText("checkpoint").locator("visible=true").count()).toBe(0);
    for (const hidden of ["Class", "Reference", "Retry"]) expect(await page.getByText(hidden).locator("visible=true").count()).toBe(0);
    const advice = await page.locator(".notice p", { hasText: "What to do:" }).textContent();
    await page.getByRole("link", { name: "Train again with this change" }).click();
    await page.getByText("Filled in from the run that failed").waitFor();
    expect(advice).toContain("Leave out the photo size 768");
    expect(await page.locator(".notice", { hasText: "Filled in" }).textContent()).toContain("up to 512 px");
    await page.context().close();
  }, 60_000);

  test("is found among the errors of the log, and its line opens with the job and a reference", async () => {
    const { page, complaints } = await signedInPage(browser, server);
    await page.goto(`${server.url}/logs?level=error`);
    await page.locator(".log-line", { hasText: "Training: The GPU ran out of memory." }).click();
    const line = page.getByRole("region", { name: "The chosen line" });
    expect(await line.getByRole("link", { name: failed.title }).getAttribute("href")).toBe(`/training/${failed.id}`);
    expect(await line.textContent()).toContain(failed.correlationId);
    await page.reload();
    await page.locator(".log-line", { hasText: "ran out of memory" }).first().waitFor();
    await page.getByLabel("Show the log of").selectOption(failed.id);
    await page.goBack();
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 60_000);
});

test("pages keep still while they load, and fit a phone of 390 and 320 px with a name that has no spaces", async () => {
  const addresses = ["/", "/training", `/training/${done.id}`, `/training/${failed.id}`, `/training/new?character=${long.id}`, "/queue", "/logs", "/settings"];
  const found: string[] = [];
  for (const viewport of [{ width: 1280, height: 900 }, { width: 390, height: 844 }, { width: 320, height: 640 }]) {
    const { page } = await signedInPage(browser, server, { viewport });
    for (const address of addresses) {
      await page.goto(server.url + address);
      await settled(page);
      const [wider, shifts] = [await widerBy(page), await shiftsOf(page)];
      if (wider > 0 || shifts > 0.1) found.push(`${address} at ${viewport.width}: ${wider} px wider, shifts ${shifts.toFixed(3)}`);
    }
    await page.context().close();
  }
  expect(found).toEqual([]);
}, 120_000);

test("many waiting jobs are few rows on Home and Queue, are cancelled together, and can be taken back", async () => {
  await post(server, "/api/queue/pause", {});
  for (let n = 0; n < 25; n++) await startGeneration(server, { prompt: `waiting ${n}`, loras: [{ id: done.results[0], strength: 0.9 }], count: 1 });
  const { page } = await signedInPage(browser, server);
  await page.getByText("22 more wait in the queue.").waitFor();
  await page.goto(`${server.url}/queue`);
  await page.getByText("15 more wait behind them.").waitFor();
  expect(await page.locator(".waiting > li").count()).toBe(10);
  await page.getByRole("button", { name: "Cancel all 25" }).click();
  await page.getByText("Nothing waits.").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("button", { name: "Cancel all 25" }).click();
  await page.getByRole("button", { name: "Dismiss" }).last().click();
  await page.waitForFunction(() => document.querySelectorAll(".waiting > li").length === 0);
  await page.getByRole("button", { name: `Hide from list: ${made.title}` }).first().click();
  await page.getByText("Its pictures stay.").waitFor();
  await page.getByRole("button", { name: "Dismiss" }).last().click();
  for (const id of made.results) expect((await server.api(`/api/outputs/${id}`)).status).toBe(200);
  await post(server, "/api/queue/resume", {});
  await page.context().close();
}, 90_000);

test("one of many people is found by name when a training is started", async () => {
  for (let n = 0; n < 12; n++) await post(server, "/api/characters", { name: `Person ${n}` });
  const { page } = await signedInPage(browser, server);
  await page.goto(`${server.url}/training/new`);
  await page.getByRole("searchbox").fill("lovel");
  await page.waitForFunction(() => document.querySelectorAll(".choice.who").length === 1);
  await page.getByText("Ada Lovelace").click();
  await page.getByText(/Train Ada Lovelace on 6 photos/).waitFor();
  await page.context().close();
}, 60_000);

test("numbers of the machine are measured, alike on each page, and the versions of simulated tools are said to be simulated", async () => {
  const { page } = await signedInPage(browser, server);
  await page.goto(server.url);
  const machine = page.getByRole("region", { name: "Machine" });
  await machine.getByText("0 % busy").waitFor();
  const [, free, unit] = /([\d.,]+) (\S+) free/.exec((await machine.textContent())!)!;
  await page.goto(`${server.url}/settings`);
  const disk = await page.locator("#checks li", { hasText: "Disk" }).first().textContent();
  const [, there] = new RegExp(`([\\d.,]+) ${unit} `).exec(disk!)!;
  expect(Math.abs(Number(there) / Number(free) - 1)).toBeLessThan(0.05);
  expect(await page.locator("#about").textContent()).toMatch(/AI-Toolkit [\d.]+, simulated[\s\S]*ComfyUI [\d.]+, simulated/);
  await page.context().close();
}, 60_000);

test("a line of the log has its time on a phone too", async () => {
  const { page } = await signedInPage(browser, server, phone);
  await page.goto(`${server.url}/logs`);
  await page.locator(".log-line time").first().waitFor();
  const box = (await page.locator(".log-line time").first().boundingBox())!;
  expect(box.x).toBeGreaterThanOrEqual(0);
  expect(box.x + box.width).toBeLessThan(390);
  expect(await page.locator(".log-line time").first().textContent()).toMatch(/^\d\d:\d\d:\d\d/);
  await page.context().close();
}, 60_000);

test("bars stay out of the way in a low window, a wide one is filled, and high contrast keeps the bar's filling", async () => {
  const { page } = await signedInPage(browser, server, { viewport: { width: 640, height: 400 }, forcedColors: "active" });
  const positions = () => page.evaluate(() => [".page-head", ".bottom"].map((name) => getComputedStyle(document.querySelector(name)!).position));
  expect(await positions()).toEqual(["static", "static"]);
  const [track, filling] = await page.evaluate(() => [".track", ".track > div"].map((name) => getComputedStyle(document.querySelector(name)!).backgroundColor));
  expect(filling).not.toBe(track!);
  await page.setViewportSize({ width: 1920, height: 1000 });
  expect(await page.evaluate(() => document.querySelector("main")!.getBoundingClientRect().right)).toBeGreaterThan(1900);
  await page.context().close();
}, 60_000);

test("Ctrl+K goes anywhere by name, n begins something new, a missing training is asked for once, and the API page has its dress", async () => {
  const { page } = await signedInPage(browser, server, { colorScheme: "dark" });
  await page.getByText("Connected").first().waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("sett");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Settings" }).waitFor();
  await page.getByRole("link", { name: "Checks", exact: true }).click();
  expect(page.url()).toEndWith("/settings?at=checks");
  await page.getByRole("heading", { level: 1 }).focus();
  await page.keyboard.press("n");
  await page.getByRole("dialog").getByLabel("Name", { exact: true }).waitFor();
  const asked: string[] = [];
  page.on("response", (answer) => answer.status() === 404 && asked.push(new URL(answer.url()).pathname));
  await page.goto(`${server.url}/training/none`);
  await page.getByText("This training does not exist").waitFor();
  await settled(page);
  expect(asked).toEqual(["/api/training/none"]);
  await page.goto(`${server.url}/api/docs`);
  expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe("rgb(15, 18, 22)");
  await page.context().close();
}, 60_000);

test("a server that was ended is not called a broken line", async () => {
  const { page } = await signedInPage(browser, server);
  await page.getByText("Connected").first().waitFor();
  await server.kill("SIGTERM");
  await page.getByText("The server was ended.").waitFor();
  expect(await page.getByText("the connection broke").count()).toBe(0);
  await page.context().close();
}, 60_000);
