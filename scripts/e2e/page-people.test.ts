import { afterAll, beforeAll, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import type { AxeResults } from "axe-core";
import type { Browser, Page } from "playwright-core";
import type { Character } from "../../server/contract/character.ts";
import type { Output } from "../../server/contract/output.ts";
import { drawPicture } from "../../server/testing/pictures.ts";
import { startExecutable, type Started } from "../testing/executable.ts";
import { openBrowser, settled, shiftsOf, signedInPage } from "../testing/seen.ts";
import { makeCharacter, startGeneration, startTraining, waitForEnd } from "../testing/story.ts";

const flags = ["--mode", "fast-test", "--simulate-speed", "1000"];
const longName = "Maximiliane".repeat(9);
let server: Started;
let browser: Browser;
let ada: Character;
let grace: Character;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  const first = await startExecutable({ flags });
  [ada, grace] = [await makeCharacter(first, "Ada Lovelace", 6), await makeCharacter(first, "Grace Hopper", 5)];
  for (const { id } of [ada, grace]) await waitForEnd(() => first, "training", (await startTraining(first, id, { steps: 100 })).id);
  await waitForEnd(() => first, "generation", (await startGeneration(first, { count: 1 })).id);
  await addPhoto(first, ada.id);
  await first.kill("SIGTERM");
  plant(first.folder);
  server = await startExecutable({ folder: first.folder, flags });
  browser = await openBrowser();
  ({ page, complaints } = await signedInPage(browser, server));
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await server?.dispose();
});

async function addPhoto(to: Started, characterId: string): Promise<void> {
  const form = new FormData();
  form.append("files", new File([(await drawPicture({ width: 640, height: 640, seed: 99, format: "jpeg" })) as BlobPart], "later.jpg", { type: "image/jpeg" }));
  await to.json(`/api/characters/${characterId}/images`, { method: "POST", body: form });
}

/** A thousand people and 70 pictures: through the API they would take minutes. */
function plant(folder: string): void {
  const db = new Database(join(folder, "data/state.db"));
  const person = db.query("insert into character (id, name, description, trigger_word, created_at, updated_at) values (?1, ?2, ?3, ?1, ?4, ?4)");
  const names = ["Anna Müller", "Anna Nguyen", "Anna Okafor", longName, ...Array.from({ length: 996 }, (_, n) => `Person ${n}`)];
  const { id, character_id, ...made } = db.query<Record<string, string | number | null>, []>("select * from output").get()!;
  const columns = ["id", "character_id", ...Object.keys(made)];
  const picture = db.query(`insert into output (${columns.map((name) => `"${name}"`).join(", ")}) values (${columns.map(() => "?").join(", ")})`);
  db.transaction(() => {
    for (const [n, name] of names.entries()) person.run(`chr_planted${n}`, name, n < 3 ? "from my school" : "", `2026-01-01T00:00:0${Math.min(n, 9)}.000Z`);
    for (let n = 0; n < 70; n++) {
      const copy = `${id}${String(n).padStart(2, "0")}`;
      picture.run(copy, n === 0 ? "chr_planted3" : character_id!, ...Object.entries(made).map(([name, value]) => (name === "index" ? n + 100 : value)));
      copyFileSync(join(folder, "data/outputs", `${id}.png`), join(folder, "data/outputs", `${copy}.png`));
    }
  })();
  db.close();
}

const go = async (address: string) => {
  await page.goto(server.url + address);
  await settled(page);
};

test("of a thousand people few are drawn, and search finds the right one first, in an address that Back and a reload keep", async () => {
  await go("/characters");
  await page.getByText("1,002 characters").waitFor();
  expect(await page.evaluate(() => document.querySelectorAll("*").length)).toBeLessThan(2500);
  await page.getByRole("searchbox").fill("anna m");
  const first = page.locator(".person .name").first();
  await page.getByText("3 of 1,002 characters").waitFor();
  expect(await first.textContent()).toBe("Anna Müller");
  await first.getByRole("link").click();
  await page.getByRole("heading", { level: 1, name: "Anna Müller" }).waitFor();
  await page.goBack();
  for (const again of [async () => {}, () => page.reload()]) {
    await again();
    await page.getByText("3 of 1,002 characters").waitFor();
    expect([new URL(page.url()).searchParams.get("q"), await page.getByRole("searchbox").inputValue()]).toEqual(["anna m", "anna m"]);
  }
}, 60_000);

test("what a LoRA was trained on stays its own number when photos are added", async () => {
  await go(`/characters/${ada.id}`);
  await page.getByText(`Trained: 1 LoRA. Generate adds “${ada.triggerWord}” by itself. 7 photos now.`).waitFor();
  await page.getByRole("tab", { name: "LoRAs" }).click();
  await page.getByText("6 photos · 100 steps").waitFor();
});

test("a new trigger word of somebody trained is warned of, and what was typed stays over Esc and a reload", async () => {
  await go(`/characters/${ada.id}`);
  const edit = () => page.getByRole("button", { name: "Edit", exact: true }).click();
  const word = () => page.getByRole("dialog").getByLabel("Trigger word");
  await edit();
  await word().fill("adanew9");
  await page.getByText(`keeps “${ada.triggerWord}”`).waitFor();
  for (const leave of [() => page.keyboard.press("Escape"), () => page.reload()]) {
    await leave();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await edit();
    expect(await word().inputValue()).toBe("adanew9");
    await page.getByText("What you typed last time is here again.").waitFor();
  }
  await page.getByRole("dialog").getByLabel("Name", { exact: true }).fill("grace hopper");
  await page.getByText("“grace hopper” is a name that you have already.").waitFor();
  await page.getByRole("dialog").getByLabel("Name", { exact: true }).fill("x".repeat(100));
  await page.getByText("100 letters are the most").waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  const changed = await server.json<{ warnings: string[] }>(`/api/characters/${grace.id}`, {
    method: "PATCH", headers: { "content-type": "application/json" }, body: JSON.stringify({ triggerWord: "gracenew9" }),
  });
  expect(changed.warnings).toEqual(["The LoRA that is trained keeps its own word; only new trainings learn “gracenew9”."]);
}, 60_000);

test("Generate begins with the newest face, then with the one last used, and each tab has its own draft", async () => {
  const person = (of: Page) => of.locator(".generate-form select").first();
  const chosen = (of: Page) => person(of).locator("option:checked").textContent();
  const prompt = (of: Page) => of.getByLabel("What should the picture show?");
  await go("/generate");
  expect(await chosen(page)).toContain("Grace Hopper");
  await person(page).selectOption({ label: (await person(page).locator("option", { hasText: "Ada Lovelace" }).textContent())! });
  await prompt(page).fill("one");
  const other = await page.context().newPage();
  await other.goto(`${server.url}/generate`);
  await prompt(other).waitFor();
  expect(await chosen(other)).toContain("Ada Lovelace");
  await prompt(other).fill("two");
  for (const [tab, typed] of [[page, "one"], [other, "two"]] as const) {
    await tab.reload();
    await prompt(tab).waitFor();
    expect(await prompt(tab).inputValue()).toBe(typed);
  }
  await other.close();
}, 60_000);

test("a picture beyond the first page opens by its address; the gallery shows whole pictures under a filter of bounded width", async () => {
  const { outputs } = await server.json<{ outputs: Output[] }>("/api/outputs?limit=200");
  expect(outputs.length).toBe(71);
  await go(`/gallery?open=${outputs[64]!.id}`);
  await page.locator("dialog.viewer").waitFor();
  expect(await page.locator("dialog.viewer figure img").getAttribute("src")).toBe(outputs[64]!.url);
  await page.keyboard.press("Escape");
  await page.locator("dialog.viewer").waitFor({ state: "detached" });
  expect(await page.locator(".pictures .thumb img").first().evaluate((img) => getComputedStyle(img).objectFit)).toBe("contain");
  expect((await page.locator("main select").first().boundingBox())!.width).toBeLessThan(400);
}, 60_000);

test("a thumbnail that failed once is asked for again", async () => {
  const own = await (await browser.newContext({ storageState: await page.context().storageState() })).newPage();
  let refused = 0;
  await own.route(/\/api\/outputs\/.*thumb/, (route) => (refused++ === 0 ? route.fulfill({ status: 500 }) : route.continue()));
  await own.goto(`${server.url}/gallery`);
  await own.getByText("cannot be shown").waitFor();
  await own.getByText("cannot be shown").waitFor({ state: "detached" });
  await own.context().close();
}, 60_000);

test("a folder that is dropped gives the photos in it", async () => {
  const folder = join(server.folder, "dropped");
  for (const seed of [21, 22]) await Bun.write(join(folder, "inner", `${seed}.png`), await drawPicture({ width: 600, height: 600, seed, format: "png" }));
  await go("/characters/chr_planted5");
  const session = await page.context().newCDPSession(page);
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await session.send("Input.dispatchDragEvent", { type, x: 600, y: 400, data: { items: [], files: [folder], dragOperationsMask: 1 } });
  }
  await page.getByText("Photos: 2 added").waitFor();
}, 60_000);

test("both viewers have no accessibility violation, light on a wide screen and dark on a phone", async () => {
  const axe = await Bun.file(join(import.meta.dir, "../../node_modules/axe-core/axe.min.js")).text();
  const state = await page.context().storageState();
  const found: string[] = [];
  for (const [colorScheme, width] of [["light", 1280], ["dark", 390]] as const) {
    const own = await (await browser.newContext({ storageState: state, colorScheme, viewport: { width, height: 844 } })).newPage();
    for (const [address, opener] of [["/gallery", '[data-at="0"]'], [`/characters/${ada.id}`, ".photo button"]] as const) {
      await own.goto(server.url + address);
      await own.locator(opener).first().click();
      await own.locator("dialog.viewer img").waitFor();
      await own.evaluate(axe);
      const { violations } = await own.evaluate(() => (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run());
      for (const { id, tags } of violations) if (tags.some((tag) => tag.startsWith("wcag"))) found.push(`${address}, ${colorScheme}, ${width} px: ${id}`);
    }
    await own.context().close();
  }
  expect(found).toEqual([]);
}, 60_000);

test("on a phone the first photo stands in the upper half, and a page's button in the row of its title", async () => {
  const state = await page.context().storageState();
  const phone = await (await browser.newContext({ storageState: state, viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true })).newPage();
  await phone.goto(`${server.url}/characters/${ada.id}`);
  await phone.locator(".photo img").first().waitFor();
  expect((await phone.locator(".photo").first().boundingBox())!.y).toBeLessThan(400);
  for (const name of ["Edit", "Choose photos"]) expect((await phone.getByRole("button", { name, exact: true }).boundingBox())!.height).toBeGreaterThanOrEqual(44);
  await phone.goto(`${server.url}/characters`);
  await settled(phone);
  const title = (await phone.getByRole("heading", { level: 1 }).boundingBox())!;
  const button = (await phone.locator(".page-head .btn[data-kind=primary]").boundingBox())!;
  expect(button.y, JSON.stringify({ title, button })).toBeLessThan(title.y + title.height);
  await phone.context().close();
}, 60_000);

test("the pages of people and pictures keep still while they load, and complain of nothing", async () => {
  const found: string[] = [];
  for (const viewport of [{ width: 1280, height: 900 }, { width: 390, height: 844 }]) {
    await page.setViewportSize(viewport);
    for (const address of ["/characters", `/characters/${ada.id}`, `/characters/${ada.id}?tab=captions`, `/characters/${ada.id}?tab=loras`, "/generate", "/gallery"]) {
      await go(address);
      const shifts = await shiftsOf(page);
      if (shifts > 0.1) found.push(`${address} at ${viewport.width}: shifts ${shifts.toFixed(3)}`);
    }
  }
  expect(found).toEqual([]);
  expect(complaints).toEqual([]);
}, 60_000);
