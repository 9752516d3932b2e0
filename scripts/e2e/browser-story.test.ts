import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import { drawPicture } from "../../server/testing/pictures.ts";
import { findChromium } from "../testing/chromium.ts";
import { startExecutable, type Started } from "../testing/executable.ts";

let server: Started;
let browser: Browser;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  server = await startExecutable({ flags: ["--mode", "fast-test", "--simulate-speed", "1"] });
  browser = await chromium.launch({ executablePath: findChromium(), args: ["--no-sandbox", "--disable-gpu"] });
  page = await (await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true })).newPage();
  page.setDefaultTimeout(30_000);
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(`${message.type()}: ${message.text()}`);
  });
});
afterAll(async () => {
  await browser?.close();
  await server?.dispose();
});

/** The files that a person might really drop: large, rotated, twice the same, and one that is no picture. */
async function photoFiles(): Promise<string[]> {
  const files: Record<string, Uint8Array> = {
    "large.jpg": await drawPicture({ width: 6000, height: 4000, seed: 1, format: "jpeg" }),
    "rotated.jpg": await drawPicture({ width: 900, height: 600, seed: 2, format: "jpeg", orientation: 6, gps: true }),
    "plain.png": await drawPicture({ width: 700, height: 800, seed: 3, format: "png" }),
    "again.png": await drawPicture({ width: 700, height: 800, seed: 3, format: "png" }),
    "letter.jpg": new TextEncoder().encode("Dear diary, this is not a picture.\n"),
  };
  for (const [name, bytes] of Object.entries(files)) await Bun.write(join(server.folder, "to-upload", name), bytes);
  return Object.keys(files).map((name) => join(server.folder, "to-upload", name));
}

test("a person creates a character and drops photos", async () => {
  await page.goto(server.link);
  await page.getByRole("link", { name: "Characters" }).first().click();
  await page.getByRole("button", { name: /New character|Create a character/ }).first().click();
  await page.getByLabel("Name", { exact: true }).fill("Ada Lovelace");
  await page.getByRole("dialog").getByRole("button", { name: "Create a character" }).click();
  await page.getByRole("heading", { name: "Ada Lovelace", level: 1 }).waitFor();
  await page.locator('input[type="file"]').first().setInputFiles(await photoFiles());
  await page.getByText(/is a text file, not a picture/).first().waitFor();
  await until("three photos are there", async () => (await photoCount()) === 3);
  await page.getByText(/already|twice|duplicate/i).first().waitFor();
}, 60_000);

test("the tunnel command names the port that is really used", async () => {
  const { tunnelCommand } = await server.json<{ tunnelCommand: string }>("/api/settings");
  expect(tunnelCommand).toContain(` ${new URL(server.url).port}:127.0.0.1:${new URL(server.url).port} `);
});

test("the rotated photo stands upright and has lost its place on earth", async () => {
  const { characters } = await boot();
  const { images } = await server.json<{ images: Array<{ originalName: string; width: number; height: number; url: string; thumbnailUrl: string }> }>(`/api/characters/${characters[0]!.id}/images`);
  const rotated = images.find((image) => image.originalName === "rotated.jpg")!;
  expect([rotated.width, rotated.height]).toEqual([600, 900]);
  const bytes = Buffer.from(await (await server.api(rotated.url)).arrayBuffer());
  expect(bytes.includes("GPS") || bytes.includes(Buffer.from([0x88, 0x25]))).toBe(false);
  const thumbnail = await new Bun.Image(await (await server.api(rotated.thumbnailUrl)).arrayBuffer()).metadata();
  expect([thumbnail.format, thumbnail.height]).toEqual(["webp", 320]);
  expect(images.map((image) => image.originalName).toSorted()).toEqual(["large.jpg", "plain.png", "rotated.jpg"]);
});

test("training runs and is watched live: samples, loss, log, and a likeness in the end", async () => {
  await page.getByRole("link", { name: "Train", exact: true }).or(page.getByRole("button", { name: "Train", exact: true })).first().click();
  await page.getByText("Quick", { exact: true }).first().click();
  await page.getByText(/Train Ada Lovelace on 3 photos/).waitFor();
  await page.locator("#start").click();
  await page.getByRole("heading", { level: 1, name: /Training Ada Lovelace/ }).waitFor();
  await page.getByRole("button", { name: /^Stop/ }).first().waitFor();
  await page.getByText(/Step \d+ of \d+/).first().waitFor({ timeout: 60_000 });
  await page.locator('img[src*="/artifacts/"]').first().waitFor({ timeout: 60_000 });
  await page.locator(".uplot canvas").first().waitFor({ timeout: 60_000 });
  await page.locator("summary", { hasText: "Log" }).click();
  await page.locator('[role="log"]').getByText(/Saving at step|Loading|Generating/).first().waitFor({ timeout: 60_000 });
  await page.getByRole("heading", { name: "Ada Lovelace v1 is ready" }).waitFor({ timeout: 120_000 });
  expect(await page.locator('img[src*="/artifacts/"]').count()).toBeGreaterThan(0);
}, 240_000);

test("four pictures are made with the LoRA at 0.9, with a live preview", async () => {
  await page.getByRole("link", { name: "Make pictures with this LoRA" }).or(page.getByRole("button", { name: "Make pictures with this LoRA" })).click();
  await page.getByLabel("What should the picture show?").fill("reading a book in a garden");
  await page.getByRole("button", { name: "Generate 4 pictures" }).click();
  await page.locator('img[src^="data:image/jpeg"]').first().waitFor({ timeout: 60_000 });
  await until("four pictures are kept", async () => (await server.json<{ outputs: unknown[] }>("/api/outputs")).outputs.length === 4, 120_000);
  const { outputs } = await server.json<{ outputs: Array<{ settings: { loras: Array<{ strength: number }>; prompt: string } }> }>("/api/outputs");
  expect(outputs.map((output) => output.settings.loras[0]!.strength)).toEqual([0.9, 0.9, 0.9, 0.9]);
}, 180_000);

test("the gallery shows them, and a downloaded one carries its settings", async () => {
  await page.getByRole("link", { name: "Gallery" }).first().click();
  await until("four pictures are shown", async () => (await page.locator('main img[src*="/api/outputs/"]').count()) === 4);
  await page.locator('main img[src*="/api/outputs/"]').first().click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download" }).or(page.getByRole("button", { name: "Download" })).first().click()]);
  const png = await Bun.file(await download.path()).bytes();
  const settings = readSettings(png);
  expect(settings.prompt).toContain("reading a book in a garden");
  expect(settings.loras).toMatchObject([{ strength: 0.9 }]);
  expect(settings).toMatchObject({ model: "flux-dev", steps: 20, width: 1024, height: 1024 });
  expect(settings.seed).toBeGreaterThanOrEqual(0);
}, 60_000);

test("the page survives the death of the server and goes on by itself", async () => {
  await page.goto(`${server.url}/characters`);
  await page.getByText("Connected").first().waitFor();
  const flags = ["--mode", "fast-test"];
  const { folder, url } = server;
  await server.kill("SIGKILL");
  await page.getByText("The connection to the server is lost.", { exact: false }).first().waitFor({ timeout: 30_000 });
  server = await startExecutable({ folder, flags, env: { ISENGARD_PORT: new URL(url).port }, keepPort: true });
  expect(server.url).toBe(url);
  await page.getByText("Connected").first().waitFor({ timeout: 30_000 });
}, 90_000);

test("nothing was complained about in the browser's console", () => {
  const expected = /WebSocket connection|ERR_CONNECTION_REFUSED|Failed to load resource: net::/;
  expect(complaints.filter((text) => !expected.test(text))).toEqual([]);
});

interface Settings {
  prompt: string;
  loras: unknown[];
  seed: number;
}

/** The text chunk `isengard` of a PNG. */
function readSettings(png: Uint8Array): Settings {
  const view = Buffer.from(png);
  for (let at = 8; at < view.length; ) {
    const length = view.readUInt32BE(at);
    const body = view.subarray(at + 8, at + 8 + length);
    if (view.toString("latin1", at + 4, at + 8) === "tEXt" && body.toString("latin1", 0, 9) === "isengard\0") return JSON.parse(body.toString("latin1", 9)) as Settings;
    at += length + 12;
  }
  throw new Error("the picture carries no settings");
}

async function photoCount(): Promise<number> {
  const { characters } = await boot();
  return characters[0]?.photoCount ?? 0;
}

const boot = () => server.json<{ characters: Array<{ id: string; photoCount: number }> }>("/api/boot");

async function until(what: string, check: () => Promise<boolean>, limitMs = 30_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`Waited ${limitMs} ms in vain until ${what}.`);
    await Bun.sleep(100);
  }
}
