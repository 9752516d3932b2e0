import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import type { Character, Photo } from "../../server/contract/character.ts";
import type { Output } from "../../server/contract/output.ts";
import { drawPicture } from "../../server/testing/pictures.ts";
import { findChromium } from "../testing/chromium.ts";
import { startExecutable, type Started } from "../testing/executable.ts";
import { makeCharacter, post, startGeneration, startTraining, waitForEnd } from "../testing/story.ts";

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

/** Without touch: a phone is offered neither folders nor keys. */
async function deskPage(): Promise<Page> {
  const desk = await (await browser.newContext({ storageState: await page.context().storageState(), viewport: { width: 1280, height: 900 } })).newPage();
  desk.setDefaultTimeout(30_000);
  desk.on("pageerror", (error) => complaints.push(error.message));
  return desk;
}

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
  const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("s")]);
  expect(download.suggestedFilename()).toEndWith(".png");
  await page.keyboard.press("Delete");
  await viewer().getByRole("button", { name: "Undo" }).click();
  await page.keyboard.press("r");
  await page.getByLabel("What should the picture show?").waitFor();
  await page.waitForFunction((prompt) => document.querySelector("textarea")?.value === prompt, outputs[0]!.settings.prompt);
});

test("a button of the viewer that cannot be used is dim and has no border", async () => {
  await page.goto(`${server.url}/gallery?open=${outputs[0]!.id}`);
  const look = (name: string) => viewer().getByRole("button", { name, exact: true }).evaluate((button) => {
    const { borderTopColor, color, backgroundColor } = getComputedStyle(button);
    return { borderTopColor, color, backgroundColor };
  });
  await viewer().waitFor();
  const [first, next] = [await look("Previous"), await look("Next")];
  expect(first).toMatchObject({ borderTopColor: "rgba(0, 0, 0, 0)", backgroundColor: "rgba(0, 0, 0, 0)" });
  expect(next.backgroundColor).not.toBe(first.backgroundColor);
  expect(next.color).not.toBe(first.color);
  await page.keyboard.press("Escape");
});

test("thumbnails that two tabs ask for at once, before they are drawn, are shown in both", async () => {
  for (const name of readdirSync(join(server.folder, "data/thumbnails"))) rmSync(join(server.folder, "data/thumbnails", name));
  const tabs = await Promise.all([1, 2].map(() => page.context().newPage()));
  const refused: string[] = [];
  for (const tab of tabs) tab.on("response", (answer) => answer.status() >= 400 && refused.push(`${answer.status()} ${answer.url()}`));
  await Promise.all(tabs.map((tab) => tab.goto(`${server.url}/gallery`)));
  for (const tab of tabs) {
    await tab.waitForFunction((count) => [...document.querySelectorAll<HTMLImageElement>(".pictures img")].filter((img) => img.naturalWidth > 0).length === count, outputs.length);
    await tab.close();
  }
  expect(refused).toEqual([]);
});

test("a simulated picture says so on its tile, beside the mark in the picture, and in the viewer", async () => {
  await page.setViewportSize({ width: 320, height: 640 });
  await page.goto(`${server.url}/gallery`);
  const [tile, badge] = [await page.locator(".photo").first().boundingBox(), await page.locator(".photo .badge", { hasText: "Simulated" }).first().boundingBox()];
  // The mark stands in the lowest tenth of each picture.
  expect(badge!.y + badge!.height).toBeLessThan(tile!.y + tile!.height * 0.4);
  await page.locator('[data-at="0"]').click();
  await viewer().getByText("Drawn by the simulator").waitFor();
  await page.keyboard.press("Escape");
  await page.setViewportSize({ width: 1280, height: 900 });
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
  await viewer().getByRole("button", { name: "Delete" }).click();
  await viewer().getByRole("button", { name: "Undo" }).waitFor();
  for (const name of ["Previous", "Next", "Close"]) await viewer().getByRole("button", { name, exact: true }).click({ trial: true });
  await viewer().getByRole("button", { name: "Undo" }).click();
  await page.setViewportSize({ width: 1280, height: 900 });
});

test("a chosen folder gives all its photos, and says what it left out", async () => {
  const ada = await post<Character>(server, "/api/characters", { name: "Ada Lovelace" });
  for (const seed of [1, 2, 3]) {
    const name = seed === 3 ? join("inner", "3.png") : `${seed}.png`;
    await Bun.write(join(server.folder, "holiday", name), await drawPicture({ width: 600, height: 600, seed, format: "png" }));
  }
  await Bun.write(join(server.folder, "holiday", "notes.txt"), "Dear diary");
  const desk = await deskPage();
  await desk.goto(`${server.url}/characters/${ada.id}`);
  await desk.locator("input[webkitdirectory]").setInputFiles(join(server.folder, "holiday"));
  await desk.getByText("Photos: 3 added").waitFor();
  await desk.getByText("1 file of it is not a picture and was left out.").waitFor();
  await desk.context().close();
});

test("a deleted photo comes back from its viewer; one whose file is gone is marked, and comes back by adding it again", async () => {
  const grace = await makeCharacter(server, "Grace Hopper", 3);
  const photosOf = async () => (await server.json<{ images: Photo[] }>(`/api/characters/${grace.id}/images`)).images;
  const [first, second] = await photosOf();
  await page.goto(`${server.url}/characters/${grace.id}`);
  await page.locator(".photo button").first().click();
  await viewer().getByRole("button", { name: "Delete" }).click();
  await page.waitForFunction((src) => document.querySelector("dialog.viewer figure img")?.getAttribute("src") === src, second!.url);
  await viewer().getByRole("button", { name: "Undo" }).click();
  await page.locator(".photo").nth(2).waitFor({ state: "attached" });
  expect((await photosOf()).map(({ id }) => id)).toContain(first!.id);
  const file = join(server.folder, "data/photos", grace.id, `${first!.id}.jpg`);
  const copy = join(server.folder, "copy.jpg");
  await Bun.write(copy, await Bun.file(file).bytes());
  rmSync(file);
  await page.goto(`${server.url}/characters/${grace.id}`);
  await page.locator(".photo", { hasText: "File missing" }).locator("button").first().click();
  await viewer().getByText("was moved or removed outside of Isengard").waitFor();
  expect(await viewer().getByRole("link", { name: "Download" }).count()).toBe(0);
  await page.keyboard.press("Escape");
  await page.locator('input[type="file"]').first().setInputFiles(copy);
  await page.locator(".photo", { hasText: "File missing" }).waitFor({ state: "detached" });
  expect((await photosOf()).map(({ missing }) => missing)).toEqual([false, false, false]);
});

test("on the smallest phone the first row of photos is in view, and the strength can be set by a finger", async () => {
  const { characters } = await server.json<{ characters: Character[] }>("/api/boot");
  const ada = characters.find(({ name }) => name === "Ada Lovelace")!;
  await waitForEnd(() => server, "training", (await startTraining(server, ada.id, { steps: 10, sampleEvery: 10, saveEvery: 10 })).id, 60_000);
  await page.setViewportSize({ width: 320, height: 640 });
  await page.goto(`${server.url}/characters/${ada.id}`);
  await page.locator(".photo img").first().waitFor();
  const [photo, bar] = [await page.locator(".photo").first().boundingBox(), await page.locator("nav.bottom").boundingBox()];
  expect(photo!.y + photo!.height).toBeLessThan(bar!.y);
  await page.goto(`${server.url}/generate?character=${ada.id}`);
  const slider = await page.locator(".strength input[type=range]").boundingBox();
  expect(slider!.height).toBeGreaterThanOrEqual(24);
  expect(slider!.width).toBeGreaterThan(150);
  await page.setViewportSize({ width: 1280, height: 900 });
});

test("the box of Generate keeps its size, counts near its limit, and Alt with an arrow brings back what was asked for", async () => {
  const desk = await deskPage();
  const prompt = desk.getByLabel("What should the picture show?");
  for (const asked of ["a red coat", "a blue hat"]) await waitForEnd(() => server, "generation", (await startGeneration(server, { prompt: asked, count: 1 })).id, 60_000);
  await desk.goto(`${server.url}/generate`);
  await prompt.fill("typed");
  await desk.getByText("brings back what you asked for before").waitFor();
  for (const [key, text] of [["ArrowUp", "a blue hat"], ["ArrowUp", "a red coat"], ["ArrowDown", "a blue hat"], ["ArrowDown", "typed"]] as const) {
    await desk.keyboard.press(`Alt+${key}`);
    expect(await prompt.inputValue()).toBe(text);
  }
  await prompt.fill("many words ".repeat(175));
  await desk.getByText("1,925 of 2,000 letters").waitFor();
  expect((await prompt.boundingBox())!.height).toBeLessThanOrEqual(900 * 0.4);
  expect(complaints).toEqual([]);
});
