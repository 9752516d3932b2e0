import { afterEach, expect, test } from "bun:test";
import { html } from "htm/preact";
import type { TrainingOutlook } from "../../../server/contract/job.ts";
import { waitFor } from "../../../server/testing/wait.ts";
import { createTestApp, emptyServer, testBoot, testCharacter, type TestApp } from "../../testing/app.ts";
import { testPresets, testTraining } from "../../testing/engines.ts";
import { byName, mount } from "../../testing/render.ts";
import { App } from "../frame/App.ts";

let open: TestApp;
let page: ReturnType<typeof mount>;
afterEach(() => {
  page[Symbol.dispose]();
  open.dispose();
});

function visit(outlook: TrainingOutlook) {
  history.replaceState(null, "", "/training/new?character=chr-1");
  const asked: unknown[] = [];
  open = createTestApp((method, path, body) => {
    if (path === "/api/training/estimate") asked.push(body);
    if (path === "/api/training/estimate") return outlook;
    if (path.startsWith("/api/training/presets")) return { presets: testPresets };
    if (path.startsWith("/api/training?")) return { jobs: [] };
    return emptyServer(method, path);
  }, { info: { ...testBoot().info, training: testTraining }, characters: [testCharacter()] });
  page = mount(html`<${App} app=${open.app} />`);
  return asked;
}
const shown = (words: string) => waitFor(`“${words}” is shown`, () => page.text().includes(words));

test("before a training the page says what it will write to the disk, with the download", async () => {
  const asked = visit({ writesBytes: 36.2e9, downloadBytes: 33.7e9, refusal: null });
  await shown("It writes about 33.7 GiB to the disk, of which 31.4 GiB are the base model, downloaded once. There is room for it.");
  expect(asked).toEqual([{ characterId: "chr-1", preset: "balanced" }]);
});

test("a training that does not fit cannot be started, and the page says why and leads to the disk", async () => {
  visit({ writesBytes: 36.2e9, downloadBytes: 0, refusal: "There is not enough room: 8.0 GiB are free on the disk of /data. A training needs at least 10.0 GiB." });
  await shown("8.0 GiB are free on the disk of /data");
  expect(page.text()).not.toContain("There is room for it");
  expect(byName(page.root, "Look at the disk").getAttribute("href")).toBe("/settings");
  expect(page.root.querySelector("#start")!.getAttribute("aria-disabled")).toBe("true");
});
