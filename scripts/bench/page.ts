import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { findChromium } from "../testing/chromium.ts";
import { startExecutable } from "../testing/executable.ts";
import { openSlowLink } from "./slow-link.ts";
import { type Measure, median } from "./report.ts";

const rounds = 7;

/** The first page over a link of 50 ms and 20 Mbit/s. Interactive: the page's own mark, set after its first paint. */
export async function benchPage(): Promise<Measure[]> {
  const server = await startExecutable();
  const link = await openSlowLink(Number(new URL(server.url).port), 50, 20);
  const browser = await chromium.launch({ executablePath: findChromium(), args: ["--no-sandbox", "--disable-gpu"] });
  const cold: number[] = [];
  const warm: number[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      const { path } = await server.json<{ path: string }>("/api/links", { method: "POST" });
      const context = await browser.newContext();
      const page = await context.newPage();
      const origin = `http://127.0.0.1:${link.port}`;
      // Logging in is not part of the page's time; the cache is emptied by using a fresh context for the page itself.
      await page.goto(`${origin}${path}`);
      const cookies = await context.cookies();
      await context.close();
      const fresh = await browser.newContext();
      await fresh.addCookies(cookies);
      const tab = await fresh.newPage();
      cold.push(await timeLoad(tab, () => tab.goto(`${origin}/`)));
      warm.push(await timeLoad(tab, () => tab.reload()));
      await fresh.close();
    }
  } finally {
    await browser.close();
    link.close();
    await server.dispose();
  }
  const sizes = await firstPageSizes();
  return [
    { name: "first page over 50 ms, 20 Mbit/s, cold: interactive (median of 7)", value: median(cold), unit: "ms", goal: { kind: "at most", value: 600 } },
    { name: "the same, warm", value: median(warm), unit: "ms", goal: { kind: "at most", value: 300 } },
    { name: "JavaScript of the first page, compressed", value: sizes.script / 1000, unit: "KB", goal: { kind: "at most", value: 60 } },
    { name: "CSS, compressed", value: sizes.style / 1000, unit: "KB", goal: { kind: "at most", value: 8 } },
  ];
}

async function timeLoad(page: Page, load: () => Promise<unknown>): Promise<number> {
  await load();
  await page.waitForFunction(() => performance.getEntriesByName("isengard:interactive").length > 0);
  return page.evaluate(() => performance.getEntriesByName("isengard:interactive")[0]!.startTime);
}

async function firstPageSizes(): Promise<{ script: number; style: number }> {
  const folder = join(import.meta.dir, "../../dist/public");
  const manifest = (await Bun.file(join(folder, "manifest.json")).json()) as { script: string; style: string; preload: string[] };
  const size = (name: string) => Bun.file(join(folder, "assets", `${name}.br`)).size;
  return { script: [manifest.script, ...manifest.preload].reduce((sum, name) => sum + size(name), 0), style: size(manifest.style) };
}
