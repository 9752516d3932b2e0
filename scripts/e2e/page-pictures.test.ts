import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import type { Character } from "../../server/contract/character.ts";
import type { Output } from "../../server/contract/output.ts";
import { drawPicture } from "../../server/testing/pictures.ts";
import { findChromium } from "../testing/chromium.ts";
import { startExecutable, type Started } from "../testing/executable.ts";
import { post, startGeneration, waitForEnd } from "../testing/story.ts";

let server: Started;
let browser: Browser;
let page: Page;
let outputs: Output[];
const complaints: string[] = [];

beforeAll(async () => {
  server = await startExecutable({ flags: ["--mode", "fast-test", "--simulate-speed", "1000"] });
  browser = await chromium.launch({ executablePath: findChromium(), args: ["--no-sandbox", "--disable-gpu"] });
  page = await (await browser.newContext({ viewport: { width: 1280, height: 900 }, hasTouch: true })).newPage();
  page.setDefaultTimeout(30_000);
  page.on("pageerror", (error) => complaints.push(error.message));
  await waitForEnd(() => server, "generation", (await startGeneration(server, { count: 8 })).id, 60_000);
  outputs = (await server.json<{ outputs: Output[] }>("/api/outputs?limit=200")).outputs;
  await page.goto(server.link);
}, 90_000);
afterAll(async () => {
  await browser?.close();
  await server?.dispose();
});

const viewer = () => page.locator("dialog.viewer");
const shown = () => page.locator("dialog.viewer figure img").getAttribute("src");

test("the address of a picture opens it and Back closes it", async () => {
  const oldest = outputs.at(-1)!;
  await page.goto(`${server.url}/gallery?open=${oldest.id}`);
  await viewer().waitFor();
  expect(await shown()).toBe(oldest.url);
  await page.getByText(`${outputs.length} of ${outputs.length}`).waitFor();
  await page.keyboard.press("Escape");
  await viewer().waitFor({ state: "detached" });
  await page.locator('[data-at="3"]').click();
  await viewer().waitFor();
  await page.goBack();
  await viewer().waitFor({ state: "detached" });
  expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe("/gallery");
  await page.goto(`${server.url}/gallery?open=out_nothing`);
  await page.getByText("This picture does not exist any more.").waitFor();
});

test("the undo of a deletion can be pressed in the viewer where it was made", async () => {
  await page.goto(`${server.url}/gallery?open=${outputs[2]!.id}`);
  await viewer().getByRole("button", { name: "Delete" }).click();
  await page.waitForFunction((src) => document.querySelector("dialog.viewer figure img")?.getAttribute("src") === src, outputs[3]!.url);
  const undo = viewer().getByRole("button", { name: "Undo" });
  await undo.click();
  await undo.waitFor({ state: "detached" });
  await page.goto(`${server.url}/gallery?open=${outputs[2]!.id}`);
  await viewer().waitFor();
  expect(await shown()).toBe(outputs[2]!.url);
  await page.keyboard.press("Escape");
});

test("arrows, Home and End move in the grid, which is one tab stop; keys work in the viewer", async () => {
  await page.goto(`${server.url}/gallery`);
  await page.locator('[data-at="0"]').focus();
  expect(await page.locator('.pictures [tabindex="0"]').count()).toBe(1);
  const at = () => page.evaluate(() => (document.activeElement as HTMLElement).dataset["at"]);
  await page.keyboard.press("ArrowRight");
  expect(await at()).toBe("1");
  await page.keyboard.press("End");
  expect(await at()).toBe(String(outputs.length - 1));
  await page.keyboard.press("Home");
  expect(await at()).toBe("0");
  await page.keyboard.press("Enter");
  await viewer().waitFor();
  await page.keyboard.press("ArrowRight");
  expect(await shown()).toBe(outputs[1]!.url);
  await page.keyboard.press("i");
  expect(await page.locator(".viewer-facts").getAttribute("open")).toBeNull();
  await page.keyboard.press("Escape");
});

test("a finger moves on sideways and closes downwards", async () => {
  await page.goto(`${server.url}/gallery?open=${outputs[1]!.id}`);
  await viewer().waitFor();
  const swipe = async (dx: number, dy: number) => {
    const session = await page.context().newCDPSession(page);
    const send = (type: "touchStart" | "touchMove" | "touchEnd", touchPoints: Array<{ x: number; y: number }>) => session.send("Input.dispatchTouchEvent", { type, touchPoints });
    await send("touchStart", [{ x: 400, y: 300 }]);
    await send("touchMove", [{ x: 400 + dx, y: 300 + dy }]);
    await send("touchEnd", []);
  };
  await swipe(-200, 5);
  await page.waitForFunction((src) => document.querySelector("dialog.viewer figure img")?.getAttribute("src") === src, outputs[2]!.url);
  await swipe(5, 250);
  await viewer().waitFor({ state: "detached" });
});

test("at twice the size the picture still gets the room", async () => {
  await page.setViewportSize({ width: 640, height: 400 });
  await page.goto(`${server.url}/gallery?open=${outputs[1]!.id}`);
  await viewer().waitFor();
  expect((await page.locator("dialog.viewer figure").boundingBox())!.height).toBeGreaterThan(300);
  await page.setViewportSize({ width: 1280, height: 900 });
});

test("a chosen folder gives all its photos, and says what it left out", async () => {
  const ada = await post<Character>(server, "/api/characters", { name: "Ada Lovelace" });
  for (const seed of [1, 2, 3]) {
    const name = seed === 3 ? join("inner", "3.png") : `${seed}.png`;
    await Bun.write(join(server.folder, "holiday", name), await drawPicture({ width: 600, height: 600, seed, format: "png" }));
  }
  await Bun.write(join(server.folder, "holiday", "notes.txt"), "Dear diary");
  // A phone is not offered folders, so this browser is one without touch.
  const desk = await (await browser.newContext({ storageState: await page.context().storageState() })).newPage();
  desk.on("pageerror", (error) => complaints.push(error.message));
  await desk.goto(`${server.url}/characters/${ada.id}`);
  await desk.locator("input[webkitdirectory]").setInputFiles(join(server.folder, "holiday"));
  await desk.getByText("Photos: 3 added").waitFor();
  await desk.getByText("1 file of it is not a picture and was left out.").waitFor();
  expect(complaints).toEqual([]);
});
