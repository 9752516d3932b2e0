import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import type { AxeResults } from "axe-core";
import { openExhibition, visitAll, type Exhibition } from "../testing/pages.ts";

const axePath = join(import.meta.dir, "../../node_modules/axe-core/axe.min.js");
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
let exhibition: Exhibition;

beforeAll(async () => {
  exhibition = await openExhibition();
}, 180_000);
afterAll(async () => exhibition?.close());

test("every page, light and dark, wide and narrow, has no accessibility violation and fits its screen", async () => {
  const axe = await Bun.file(axePath).text();
  const found: string[] = [];
  await visitAll(exhibition, async (page, view, theme, width) => {
    await page.evaluate(axe);
    const { violations } = await page.evaluate((run: string[]) => (window as unknown as { axe: { run(options: object): Promise<AxeResults> } }).axe.run({ runOnly: run }), tags);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    const where = `${view.name}, ${theme}, ${width} px`;
    for (const violation of violations) found.push(`${where}: ${violation.id}: ${violation.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(" | ")}`);
    if (overflow > 0) found.push(`${where}: ${overflow} px wider than the screen`);
  });
  expect(found).toEqual([]);
}, 600_000);
