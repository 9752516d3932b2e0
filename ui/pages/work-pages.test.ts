import { afterEach, describe, expect, test } from "bun:test";
import { html } from "htm/preact";
import type { Boot } from "../../server/contract/boot.ts";
import { waitFor } from "../../server/testing/wait.ts";
import { App } from "../components/frame/App.ts";
import { createTestApp, emptyServer, testBoot, testCharacter, testJob, type TestApp } from "../testing/app.ts";
import { testImage, testLora, testOutput, testPresets, testTraining } from "../testing/engines.ts";
import { byName, mount, typeInto } from "../testing/render.ts";

let open: TestApp;
let page: ReturnType<typeof mount>;
const sent: unknown[] = [];

/** A server with engines; `more` answers first. */
function visit(address: string, boot: Partial<Boot> = {}, more: (path: string, method: string) => unknown = () => undefined) {
  history.replaceState(null, "", address);
  const engines = { ...testBoot().info, training: testTraining, image: testImage };
  open = createTestApp((method, path, body) => {
    if (method === "POST" && path !== "/api/training/estimate") sent.push(body);
    return more(path, method) ?? answer(method, path);
  }, { info: engines, characters: [testCharacter()], ...boot });
  page = mount(html`<${App} app=${open.app} />`);
}
function answer(method: string, path: string): unknown {
  if (path.startsWith("/api/training/presets")) return { presets: testPresets };
  if (method === "POST" && path === "/api/training") return testJob({ id: "job-new", state: "queued" });
  if (method === "POST" && path === "/api/generation") return testJob({ id: "job-g", kind: "generation", state: "queued", title: "4 pictures" });
  if (path.startsWith("/api/training?")) return { jobs: [] };
  if (path.endsWith("/artifacts")) return { artifacts: [] };
  if (path.endsWith("/metrics")) return { series: [] };
  return emptyServer(method, path);
}
afterEach(() => {
  page[Symbol.dispose]();
  open.dispose();
  sent.length = 0;
});
const shown = (words: string) => waitFor(`“${words}” is shown`, () => page.text().includes(words));
const notFound = () => Response.json({ error: { code: "not_found", what: "There is none.", why: "", fix: "", correlationId: "" } }, { status: 404 });
const broken = () => Response.json({ error: { code: "internal", what: "It could not be read.", why: "", fix: "Try again.", correlationId: "cor-9" } }, { status: 500 });

describe("Training", () => {
  test("without any run says what a training is", async () => {
    visit("/training");
    await shown("Nothing trained yet");
  });

  test("a failed list is an error and never the empty state", async () => {
    visit("/training", {}, (path) => (path.startsWith("/api/training?") ? broken() : undefined));
    await shown("It could not be read.");
    expect(page.text()).not.toContain("Nothing trained yet");
  });

  test("shows what runs and what waits for what, and filters the past", async () => {
    visit("/training", {
      jobs: [
        testJob(), testJob({ id: "w", state: "queued", title: "Training Bob", waiting: { code: "gpu", text: "Waits for Training Ada." } }),
        testJob({ id: "f", state: "failed", title: "Training Cleo" }), testJob({ id: "s", state: "succeeded", title: "Training Dan" }),
      ],
    });
    await shown("Waits for Training Ada.");
    expect(page.text()).toContain("Training Cleo");
    byName(page.root, "Done").click();
    await waitFor("failed runs are hidden", () => !page.text().includes("Training Cleo"));
    byName(page.root, "Stopped").click();
    await shown("No entry fits Stopped.");
    byName(page.root, "Clear filter").click();
    await shown("Training Cleo");
  });
});

describe("starting a training", () => {
  test("is one click with good photos, and goes to the run", async () => {
    visit("/training/new");
    await shown("1,500 steps");
    expect(page.text()).toContain("time not known yet");
    byName(page.root, "Start training").click();
    await waitFor("the run is shown", () => location.pathname === "/training/job-new");
    expect(sent).toEqual([{ characterId: "chr-1", preset: "balanced" }]);
  });

  test("with too few photos the button says so and nothing is sent", async () => {
    visit("/training/new?character=chr-1", { characters: [testCharacter({ photoCount: 2 })] });
    await shown("Ada has 2 of at least 5 photos.");
    const button = byName(page.root, "Start trainingAda has 2 of at least 5 photos.");
    button.click();
    expect(button.getAttribute("aria-disabled")).toBe("true");
    expect(sent).toEqual([]);
    expect(byName(page.root, "Add photos").getAttribute("href")).toBe("/characters/chr-1");
  });

  test("a refusal of the server stands at the button, and the form stays", async () => {
    visit("/training/new", {}, (path, method) => (method === "POST" && path === "/api/training" ? broken() : undefined));
    await shown("1,500 steps");
    byName(page.root, "Start training").click();
    await shown("It could not be read.");
    expect(location.pathname).toBe("/training/new");
  });

  test("what the engine cannot do is listed with the reason, without a dead control", async () => {
    visit("/training/new");
    await shown("DoRA");
    expect(page.text()).toContain("Not confirmed.");
    expect(page.text()).toContain("No masks yet.");
    expect(page.root.querySelectorAll("input:disabled")).toHaveLength(0);
  });
});

describe("one training", () => {
  test("that is not there says so", async () => {
    visit("/training/none", {}, (path) => (path.startsWith("/api/training/none") ? notFound() : undefined));
    await shown("This training does not exist");
  });

  test("draws a bar only where there is a real number", async () => {
    const none = { fraction: null, etaSeconds: null, speed: "", loss: null, learningRate: null };
    const progress = { ...none, stages: [], step: 0, totalSteps: 1500, message: "Loading", updatedAt: "2026-11-21T10:00:01.000Z" };
    const job = testJob({ startedAt: "2026-11-21T10:00:00.000Z", progress });
    visit("/training/job-1", { jobs: [job] }, (path) => (path === "/api/training/job-1" ? job : undefined));
    await shown("Loading");
    expect(page.text()).toContain("Time leftunknown");
    expect(page.root.querySelector('[role="progressbar"]')).toBeNull();
    open.app.events.emit({ type: "job.progress", jobId: "job-1", progress: { ...progress, step: 750, fraction: 0.5, etaSeconds: 600, updatedAt: "2026-11-21T10:00:02.000Z" } });
    await shown("Step 750 of 1,500");
    expect(page.root.querySelector('[role="progressbar"]')!.getAttribute("aria-valuenow")).toBe("50");
    expect(page.text()).toContain("about 10 min");
  });
});

describe("Generate", () => {
  test("asks for a text first, then sends what is shown", async () => {
    visit("/generate?lora=lora-1", { loras: [testLora()] });
    await shown("adalov7");
    expect(page.text()).toContain("Describe the picture first.");
    typeInto(page.root.querySelector("textarea")!, "in a park");
    await waitFor("the button works", () => page.root.querySelector("#generate")!.getAttribute("aria-disabled") === null);
    page.root.querySelector("textarea")!.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", ctrlKey: true, bubbles: true }));
    await shown("In the works");
    expect(sent).toMatchObject([{ prompt: "in a park", loras: [{ id: "lora-1", strength: 0.9 }], addTrigger: true, steps: 20 }]);
    expect(location.search).toBe("");
  });

  test("says under the text what becomes of signs that other programs read, while they are in it", async () => {
    visit("/generate");
    const box = page.root.querySelector("textarea")!;
    typeInto(box, "a (red) cat");
    await shown("Round brackets change the weight of words");
    expect(box.closest(".field")!.textContent).toContain("Round brackets");
    typeInto(box, "a red cat");
    await waitFor("the hint is gone", () => !page.text().includes("Round brackets"));
  });

  test("the trigger word can be left out and put back", async () => {
    visit("/generate?character=chr-1", { loras: [testLora()] });
    await shown("Added to your text:");
    byName(page.root, "adalov7Do not add").click();
    await shown("Not added");
    byName(page.root, "Add").click();
    await shown("Added to your text:");
  });

  test("works without any LoRA and says what is missing", async () => {
    visit("/generate");
    await shown("No LoRA yet.");
    expect(page.text()).toContain("Not built yet.");
  });
});

describe("Gallery", () => {
  const pictures = () => ({ outputs: [testOutput(2), testOutput(1)], next: null });

  test("without pictures leads to making one", async () => {
    visit("/gallery");
    await shown("No pictures yet");
  });

  test("an unlucky filter is not the empty gallery", async () => {
    visit("/gallery?character=chr-1");
    await shown("No entry fits Ada.");
  });

  test("shows the settings of a picture, goes on with the arrows, and uses them", async () => {
    visit("/gallery", {}, (path) => (path.startsWith("/api/outputs?") ? pictures() : path === "/api/outputs/out-0001" ? testOutput(1) : undefined));
    await shown("That is all: 2 pictures.");
    page.root.querySelector<HTMLElement>(".photo button")!.click();
    await shown("Settings of this picture");
    expect(page.text()).toContain("Ada v1 at 0.8");
    expect(byName(page.root, "Download").getAttribute("href")).toBe("/api/outputs/out-0002/file?download=1");
    byName(page.root, "Next").click();
    await waitFor("the next one is open", () => location.search === "?open=out-0001");
    byName(page.root, "Use these settings").click();
    await waitFor("the form is filled", () => page.root.querySelector("textarea")?.value === "adalov7 in a park");
  });

  test("Delete takes it away at once and Undo brings it back", async () => {
    visit("/gallery", {}, (path) => (path.startsWith("/api/outputs?") ? pictures() : undefined));
    await shown("That is all: 2 pictures.");
    page.root.querySelector<HTMLElement>(".photo button")!.click();
    await shown("Settings of this picture");
    byName(page.root, "Delete").click();
    await shown("1 picture in all.");
    byName(page.root, "Undo").click();
    await shown("That is all: 2 pictures.");
    expect(open.requests.filter((request) => request.includes("out-")).slice(-1)[0]).toEndWith("/restore");
  });
});
