import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openExhibition, openView, themes, widths } from "./testing/pages.ts";

/** `bun scripts/pictures.ts`: pictures of every page of the compiled executable, for the README and for looking at. */
const folder = join(import.meta.dir, "../docs/pictures");
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const exhibition = await openExhibition();
for (const view of exhibition.views) {
  for (const theme of themes) {
    for (const width of widths) {
      const page = await openView(exhibition, view, theme, width);
      const png = await page.screenshot({ fullPage: width >= 600 });
      await Bun.write(join(folder, `${view.name}-${theme}-${width}.jpg`), await new Bun.Image(png).jpeg({ quality: 82 }).bytes());
      await page.context().close();
    }
  }
  console.log(view.name);
}
await exhibition.close();
