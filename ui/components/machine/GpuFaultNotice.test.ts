import { afterEach, expect, test } from "bun:test";
import { html } from "htm/preact";
import type { Gpu, GpuStatus } from "../../../server/contract/system.ts";
import { waitFor } from "../../../server/testing/wait.ts";
import { createTestApp, emptyServer, testBoot, testJob, type TestApp } from "../../testing/app.ts";
import { byName, mount } from "../../testing/render.ts";
import { App } from "../frame/App.ts";

let open: TestApp;
let page: ReturnType<typeof mount>;
afterEach(() => {
  page[Symbol.dispose]();
  open.dispose();
});

const one: Gpu = {
  index: 0, uuid: "GPU-aa", name: "NVIDIA RTX 4090", memoryTotalMib: 24_564, memoryUsedMib: 900, utilizationPercent: 3, temperatureC: 35, powerW: 20,
  powerLimitW: 450, eccErrors: null, slowedBy: [], fault: null,
};
const fault = { id: "GPU-aa", reason: "CUDA error: device-side assert triggered.", since: "2026-11-21T10:00:00.000Z", stays: true };
const status = (...gpus: Gpu[]): GpuStatus => ({ state: gpus.some((gpu) => gpu.fault) ? "error" : "present", reason: "Some.", gpus, checkedAt: "2026-11-21T10:00:00.000Z" });

function visit(address: string, gpu: GpuStatus, jobs = [testJob()], resume: () => unknown = () => status(one)) {
  history.replaceState(null, "", address);
  const calls: string[] = [];
  open = createTestApp((method, path) => {
    calls.push(`${method} ${path}`);
    if (path === "/api/status") return { ...testBoot().status, gpu: status(one) };
    return path.startsWith("/api/gpus/") ? resume() : emptyServer(method, path);
  }, { jobs, status: { ...testBoot().status, gpu } });
  page = mount(html`<${App} app=${open.app} />`);
  return calls;
}
const shown = (words: string) => waitFor(`“${words}” is shown`, () => page.text().includes(words));

test("F63: a GPU with a fault says on the Home page that nothing is started on it and why, and a button takes it up again", async () => {
  const calls = visit("/", status({ ...one, memoryUsedMib: null, fault }));
  await shown("Nothing is started on this GPU");
  expect(page.text()).toContain("CUDA error: device-side assert triggered.");
  byName(page.root, "Use this GPU again").click();
  await waitFor("it is used again", () => !page.text().includes("Nothing is started on this GPU"));
  expect(calls).toContain("POST /api/gpus/GPU-aa/resume");
  await shown("3 % busy");
});

test("F63: when nvidia-smi shows that the GPU is not well, the button says so and nothing else changes", async () => {
  const refusal = () => Response.json({ error: { code: "conflict", what: "NVIDIA RTX 4090 cannot be used yet.", why: "It does not answer any more.", fix: "Restart.", correlationId: "" } }, { status: 409 });
  visit("/", status({ ...one, fault }), [], refusal);
  await shown("Use this GPU again");
  byName(page.root, "Use this GPU again").click();
  await shown("NVIDIA RTX 4090 cannot be used yet.");
  expect(page.text()).toContain("Nothing is started on this GPU");
});

test("with two GPUs each is named, and a running job says which one it has; with one there is nothing to tell", async () => {
  const running = testJob({ lane: "gpu:GPU-bb" });
  visit("/", status(one, { ...one, index: 1, uuid: "GPU-bb" }), [running]);
  await shown("GPU 1: NVIDIA RTX 4090");
  expect(page.text()).toContain("on GPU 1");
  page[Symbol.dispose]();
  open.dispose();
  visit("/", status(one), [running]);
  await shown("NVIDIA RTX 4090");
  expect(page.text()).not.toMatch(/on GPU|GPU 0:/);
});

test("F63: a job that waits for a GPU with a fault leads to it", async () => {
  const waiting = { code: "gpu_fault", text: "Waits because the GPU is not well: It broke." };
  visit("/training/w", status({ ...one, fault }), [testJob({ id: "w", state: "queued", waiting })]);
  await shown("Waits because the GPU is not well");
  expect(page.text()).toContain("Look at the GPU");
});
