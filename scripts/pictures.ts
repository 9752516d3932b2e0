import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openExhibition, visitAll } from "./testing/pages.ts";

/** `bun scripts/pictures.ts`: pictures of every page of the compiled executable, for the README and for looking at. */
const folder = join(import.meta.dir, "../docs/pictures");
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const exhibition = await openExhibition();
let last = "";
await visitAll(exhibition, async (page, view, theme, width) => {
  const png = await page.screenshot({ fullPage: width >= 600 });
  await Bun.write(join(folder, `${view.name}-${theme}-${width}.jpg`), await new Bun.Image(png).jpeg({ quality: 72 }).bytes());
  if (view.name !== last) console.log(view.name);
  last = view.name;
});
await exhibition.close();
