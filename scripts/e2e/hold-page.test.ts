import { afterAll, beforeAll, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { AxeResults } from "axe-core";
import { chromium, type Browser, type Page } from "playwright-core";
import { findChromium } from "../testing/chromium.ts";
import { damageFile } from "../testing/damage.ts";
import { startExecutable, type Started } from "../testing/executable.ts";
import { makeCharacter } from "../testing/story.ts";

const axePath = join(import.meta.dir, "../../node_modules/axe-core/axe.min.js");
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
let server: Started;
let browser: Browser;

beforeAll(async () => {
  const first = await startExecutable();
  await makeCharacter(first, "Ada Lovelace", 0);
  await first.json("/api/backups", { method: "POST" });
  await first.kill("SIGTERM");
  damageFile(join(first.folder, "data/state.db"), 2);
  server = await startExecutable({ folder: first.folder });
  browser = await chromium.launch({ executablePath: findChromium(), args: ["--no-sandbox", "--disable-gpu"] });
});
afterAll(async () => {
  await browser?.close();
  await server?.dispose();
});

async function open(colorScheme: "light" | "dark", width: number, address = server.url): Promise<Page> {
  const page = await (await browser.newContext({ viewport: { width, height: 900 }, colorScheme, locale: "en-GB" })).newPage();
  page.setDefaultTimeout(15_000);
  await page.goto(address);
  return page;
}

async function logIn(page: Page): Promise<void> {
  await page.getByLabel("Access token").fill(server.token);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("The database is damaged.").waitFor();
}

test("the page that works without a database is readable, light and dark, wide and narrow", async () => {
  const axe = await Bun.file(axePath).text();
  const found: string[] = [];
  for (const theme of ["light", "dark"] as const) {
    for (const width of [1280, 390]) {
      const page = await open(theme, width);
      for (const step of ["login", "page"]) {
        if (step === "page") await logIn(page);
        await page.evaluate(axe);
        const { violations } = await page.evaluate((run: string[]) => (window as unknown as { axe: { run(options: object): Promise<AxeResults> } }).axe.run({ runOnly: run }), tags);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        for (const violation of violations) found.push(`${step} ${theme} ${width}: ${violation.id}: ${violation.nodes[0]?.target.join(" ")}`);
        if (overflow > 0) found.push(`${step} ${theme} ${width}: ${overflow} px wider than the screen`);
      }
      const pictures = process.env["ISENGARD_TEST_PICTURES"];
      if (pictures) await page.screenshot({ path: join(pictures, `damaged-database-${theme}-${width}.png`), fullPage: true });
      await page.context().close();
    }
  }
  expect(found).toEqual([]);
}, 60_000);

test("a wrong token is refused with words, and nothing about the data is shown without the right one", async () => {
  const page = await open("light", 1280);
  expect(await page.content()).not.toContain("state.db");
  for (const address of ["/", "/assets/x", "/static/x", "/robots.txt", "/open/x", "/favicon.ico"]) {
    expect(await (await fetch(`${server.url}${address}`, { headers: { accept: "text/html" } })).text()).not.toContain("state.db");
  }
  await page.getByLabel("Access token").fill("x".repeat(43));
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("This is not the access token of this Isengard.").waitFor();
  await page.context().close();
});

test("one click puts the last backup in place; Isengard is back on the same address, and the person is still logged in", async () => {
  const complaints: string[] = [];
  const page = await open("light", 1280, server.link);
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.getByText("The database is damaged.").waitFor();
  const button = page.getByRole("button", { name: /^Use the backup of \d\d:\d\d$/ }).first();
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("Isengard starts again").waitFor();
  await page.waitForEvent("load");
  await button.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "Characters" }).first().waitFor({ timeout: 30_000 });
  expect(await page.content()).toContain("Ada Lovelace");
  expect(complaints).toEqual([]);
  await page.context().close();
}, 60_000);

test("without any backup the page offers to start empty, and says that the file is kept", async () => {
  await server.kill("SIGTERM");
  rmSync(join(server.folder, "data/backups"), { recursive: true });
  damageFile(join(server.folder, "data/state.db"), 5);
  server = await startExecutable({ folder: server.folder });
  const page = await open("dark", 390, server.link);
  await page.getByText("No backup was found").waitFor();
  await page.getByRole("button", { name: "Set the file aside and start empty" }).click();
  await page.getByRole("link", { name: "Characters" }).first().waitFor({ timeout: 30_000 });
}, 60_000);
