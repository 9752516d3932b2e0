import { afterEach, describe, expect, test } from "bun:test";
import { html } from "htm/preact";
import type { Boot } from "../../server/contract/boot.ts";
import type { Obstacle } from "../../server/contract/obstacle.ts";
import { waitFor } from "../../server/testing/wait.ts";
import { App } from "../components/frame/App.ts";
import { createTestApp, emptyServer, testBoot, testCharacter, testJob, type TestApp } from "../testing/app.ts";
import { testImage, testLora, testOutput, testPresets, testTraining } from "../testing/engines.ts";
import { byName, mount, typeInto } from "../testing/render.ts";

let open: TestApp;
let page: ReturnType<typeof mount>;
let sent: Array<{ path: string; body: unknown }> = [];
const answers = new Map<string, (body: unknown) => unknown>();
let obstacles: { training: Obstacle[]; generation: Obstacle[] } = { training: [], generation: [] };

const missing: Obstacle = { code: "ai-toolkit", what: "AI-Toolkit: its folder is not set.", why: "A training needs it.", fix: "Start with --ai-toolkit.", href: "/settings" };

function visit(address: string, boot: Partial<Boot> = {}, mode: "fast-test" | "production" = "production", modeFixed: string | null = null) {
  history.replaceState(null, "", address);
  const first = testBoot();
  open = createTestApp((method, path, body) => {
    if (method === "POST" && path !== "/api/training/estimate") sent.push({ path, body });
    const own = answers.get(path);
    if (own) return own(body);
    if (path.startsWith("/api/training/presets")) return { presets: testPresets };
    if (path.startsWith("/api/status")) return { ...first.status, obstacles };
    if (method === "POST" && path === "/api/training") return testJob({ id: "job-new", state: "queued" });
    if (method === "POST" && path === "/api/generation") return testJob({ id: "job-g", kind: "generation", state: "queued" });
    if (path.startsWith("/api/training?")) return { jobs: [] };
    if (path.startsWith("/api/outputs?")) return { outputs: [testOutput(1, { simulated: true })], next: null };
    if (path.endsWith("/artifacts")) return { artifacts: [] };
    if (path.endsWith("/metrics")) return { series: [] };
    return emptyServer(method, path);
  }, {
    info: { ...first.info, mode, modeFixed, training: testTraining, image: testImage }, characters: [testCharacter()],
    status: { ...first.status, obstacles }, ...boot,
  });
  page = mount(html`<${App} app=${open.app} />`);
}
afterEach(() => {
  page[Symbol.dispose]();
  open.dispose();
  sent = [];
  answers.clear();
  obstacles = { training: [], generation: [] };
});
const shown = (words: string) => waitFor(`“${words}” is shown`, () => page.text().includes(words));
const isOff = (id: string) => document.getElementById(id)!.getAttribute("aria-disabled") === "true";

describe("what cannot run here", () => {
  test("is said above Start with its way out, and a look that finds it mended frees the button", async () => {
    obstacles = { training: [missing], generation: [] };
    visit("/training/new?character=chr-1");
    await shown("A training cannot run here now");
    for (const words of [missing.what, missing.why, missing.fix]) expect(page.text()).toContain(words);
    expect(isOff("start")).toBe(true);
    obstacles = { training: [], generation: [] };
    byName(page.root, "Check again").click();
    await waitFor("the button is free", () => !isOff("start"));
    expect(open.requests).toContain("GET /api/status?fresh=true");
  });

  test("can be queued anyway, in so many words", async () => {
    obstacles = { training: [missing], generation: [] };
    visit("/training/new?character=chr-1");
    await shown("Queue anyway");
    byName(page.root, "Queue anyway").click();
    await waitFor("it was sent", () => sent.length > 0);
    expect(sent).toEqual([{ path: "/api/training", body: { characterId: "chr-1", preset: "balanced", queueAnyway: true } }]);
  });

  test("is said on Generate too, which promises no other pictures then", async () => {
    obstacles = { training: [], generation: [missing] };
    visit("/generate");
    await shown("Pictures cannot be made here now");
    expect([isOff("generate"), page.text().includes("Other pictures work now")]).toEqual([true, false]);
    expect(page.text()).not.toContain("Queue anyway"); // something else is missing: what the picture shall show
    typeInto(page.root.querySelector("textarea")!, "a garden");
    await shown("Queue anyway");
    byName(page.root, "Queue anyway").click();
    await waitFor("it was sent", () => sent.length > 0);
    expect(sent[0]).toMatchObject({ path: "/api/generation", body: { prompt: "a garden", queueAnyway: true } });
  });

  test("is said at Retry of a job that ended, with the same other way", async () => {
    const refusal = { code: "cannot_run", what: "The pictures cannot be made now.", why: missing.what, fix: missing.fix, correlationId: "c", obstacles: [missing] };
    const failed = testJob({ id: "job-f", kind: "generation", state: "failed", title: "1 picture", finishedAt: new Date().toISOString() });
    answers.set("/api/queue", () => ({ paused: null, running: [], waiting: [], recent: [failed] }));
    answers.set("/api/jobs/job-f/retry", (body) => ((body as { queueAnyway?: boolean }).queueAnyway ? { ...failed, state: "queued", revision: 1 } : Response.json({ error: refusal }, { status: 409 })));
    visit("/queue", { jobs: [failed] });
    await shown("1 picture");
    byName(page.root, "Retry 1 picture").click();
    await shown("The pictures cannot be made now.");
    byName(page.root, "Queue anyway").click();
    await waitFor("it is queued", () => open.app.jobs.byId("job-f")?.state === "queued");
    expect(sent.map(({ body }) => body)).toEqual([{}, { queueAnyway: true }]);
  });

  test("comes to the page as soon as the server knows it", async () => {
    visit("/training/new?character=chr-1");
    await shown("Ready?");
    obstacles = { training: [missing], generation: [] };
    open.app.events.emit({ type: "checks.changed" });
    await shown(missing.what);
    expect(isOff("start")).toBe(true);
  });
});

describe("what the simulators made", () => {
  const loras = [testLora({ id: "lora-s", name: "Ada v2", simulated: true })];

  test("is not offered in production, and the page says why", async () => {
    visit("/generate", { loras });
    await shown("1 LoRA of fast-test mode is not offered");
    expect(page.root.querySelector('option[value="lora-s"]')).toBeNull();
  });

  test("is offered in fast-test by its name with the mark", async () => {
    visit("/generate", { loras }, "fast-test");
    await waitFor("it is offered", () => page.root.querySelector('option[value="lora-s"]') !== null);
    expect(page.root.querySelector('option[value="lora-s"]')!.textContent).toContain("(simulated)");
  });

  test("bears the mark in the gallery, in the list of LoRAs and on its run, and trains nobody for production", async () => {
    visit("/gallery", { loras });
    await waitFor("the tile is marked", () => page.root.querySelector(".photo .badge")?.textContent === "Simulated");
    page[Symbol.dispose]();
    open.dispose();
    visit("/characters/chr-1?tab=loras", { loras, characters: [testCharacter({ loraCount: 1 })] });
    await shown("Simulated");
    expect(page.text()).toContain("Ready to train");
    expect(page.text()).not.toContain("Trained: 1 LoRA");
    page[Symbol.dispose]();
    open.dispose();
    visit("/training/job-1", { loras, jobs: [testJob({ simulated: true, state: "succeeded", results: ["lora-s"], finishedAt: "2026-11-21T11:00:00.000Z" })] });
    await shown("Simulated");
    expect(page.text()).toContain("no pictures are made with it in production");
    expect(page.text()).not.toContain("Make pictures with this LoRA");
  });
});

const theSwitch = () => [...page.root.querySelectorAll("button")].find((button) => button.textContent?.startsWith("Use simulators"))?.getAttribute("aria-disabled");

test("a switch of the mode that cannot be used is locked with its reason before it is pressed", async () => {
  visit("/settings", {}, "production", "It was fixed with --mode when Isengard was started.");
  await shown("It was fixed with --mode");
  expect(theSwitch()).toBe("true");
  page[Symbol.dispose]();
  open.dispose();
  visit("/settings", { jobs: [testJob({ state: "queued", simulated: false }), testJob({ id: "job-2", state: "queued", simulated: true })] });
  await shown("It can be changed when the job that runs or waits has ended");
  expect(theSwitch()).toBe("true");
});
