import { afterEach, expect, test } from "bun:test";
import { html } from "htm/preact";
import type { FailureCounts } from "../../server/contract/job.ts";
import type { ServiceStatus } from "../../server/contract/system.ts";
import { waitFor } from "../../server/testing/wait.ts";
import { App } from "../components/frame/App.ts";
import { createTestApp, emptyServer, testBoot, testJob, type TestApp } from "../testing/app.ts";
import { mount } from "../testing/render.ts";

let open: TestApp;
let page: ReturnType<typeof mount>;
afterEach(() => {
  page[Symbol.dispose]();
  open.dispose();
});

function visit(address: string, counts: FailureCounts, services: ServiceStatus[] = []) {
  history.replaceState(null, "", address);
  const boot = testBoot();
  open = createTestApp((method, path) => (path === "/api/queue/failures" ? counts : emptyServer(method, path)), { status: { ...boot.status, services } });
  page = mount(html`<${App} app=${open.app} />`);
}
const shown = (words: string) => waitFor(`“${words}” is shown`, () => page.text().includes(words));
const none: FailureCounts = { days: 30, total: 0, unknown: 0, classes: [], notUnderstood: [] };

test("the failures of the last 30 days stand on the Logs page by cause, and unknown ones lead to their log", async () => {
  visit("/logs", {
    days: 30, total: 7, unknown: 1, classes: [{ code: "network", failed: 1, retried: 3 }, { code: "vram", failed: 2, retried: 0 }, { code: "unknown", failed: 1, retried: 0 }],
    notUnderstood: [{ jobId: "job-7", title: "Training Ada", at: "2026-11-21T10:00:00.000Z" }],
  });
  await shown("Failures of the last 30 days by cause: 7, 1 of them not understood");
  for (const words of ["The network failed4 (3 tried again by itself)", "GPU memory ran out2"]) await shown(words);
  expect([...page.root.querySelectorAll("details a")].map((link) => link.getAttribute("href"))).toEqual(["/logs?job=job-7"]);
});

test("no failure is said, a new failure is fetched, and the log of one job is shown without the count", async () => {
  const counts = { ...none };
  visit("/logs", counts);
  await shown("No job failed in the last 30 days.");
  Object.assign(counts, { total: 1, classes: [{ code: "a_new_class", failed: 1, retried: 0 }] });
  open.app.connection.start();
  open.sockets.at(-1)!.say({ type: "event", seq: 2, event: { type: "job.changed", job: testJob({ state: "failed" }) } });
  await shown("1, all understood");
  await shown("a_new_class");
  open.app.router.setQuery({ job: "job-1" });
  await waitFor("the count is gone", () => !page.text().includes("last 30 days"));
});

test("a ComfyUI that gave up shows the class of its end in words, what to do, and its last lines", async () => {
  const failure = { code: "install", what: "ComfyUI ended by itself.", why: "A Python package that ComfyUI needs is missing.", fix: "Install ComfyUI's requirements.txt.", tail: ["ModuleNotFoundError: No module named 'torch'"] };
  visit("/settings", none, [{ name: "comfyui", label: "ComfyUI", state: "gave-up", detail: "It ended 5 times.", pid: null, port: null, version: null, since: "2026-11-21T10:00:00.000Z", failure }]);
  for (const words of ["Does not start", failure.what, failure.why, failure.fix, failure.tail[0]!, "Class install"]) await shown(words);
});
