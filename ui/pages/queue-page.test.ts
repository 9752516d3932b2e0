import { afterEach, describe, expect, test } from "bun:test";
import { html } from "htm/preact";
import type { Boot } from "../../server/contract/boot.ts";
import type { Job, QueueView } from "../../server/contract/job.ts";
import { waitFor } from "../../server/testing/wait.ts";
import { App } from "../components/frame/App.ts";
import { createTestApp, emptyServer, testBoot, testJob, type TestApp } from "../testing/app.ts";
import { testImage, testTraining } from "../testing/engines.ts";
import { byName, mount } from "../testing/render.ts";

let open: TestApp;
let page: ReturnType<typeof mount>;
const sent: string[] = [];

function visit(address: string, jobs: readonly Job[] = [], queue: (path: string, method: string) => unknown = () => undefined, boot: Partial<Boot> = {}) {
  history.replaceState(null, "", address);
  open = createTestApp((method, path) => {
    if (method !== "GET") sent.push(`${method} ${path}`);
    return queue(path, method) ?? emptyServer(method, path);
  }, { info: { ...testBoot().info, training: testTraining, image: testImage }, jobs: [...jobs], ...boot });
  page = mount(html`<${App} app=${open.app} />`);
}
afterEach(() => {
  page[Symbol.dispose]();
  open.dispose();
  sent.length = 0;
});
const shown = (words: string) => waitFor(`“${words}” is shown`, () => page.text().includes(words));
const broken = () => Response.json({ error: { code: "internal", what: "The queue could not be read.", why: "", fix: "Try again.", correlationId: "cor-9" } }, { status: 500 });
const training = testJob({ id: "t", title: "Training Ada" });
const pictures = testJob({ id: "g", kind: "generation", state: "queued", title: "4 pictures", request: { count: 4 }, waiting: { code: "gpu", text: "Waits for the training of Ada.", jobId: "t" } });
const bob = testJob({ id: "b", state: "queued", title: "Training Bob", createdAt: "2026-11-21T10:05:00.000Z" });
const now = new Date().toISOString();
const failed = testJob({ id: "f", state: "failed", title: "Training Cleo", finishedAt: now, failure: { code: "vram", what: "The GPU ran out of memory.", why: "", fix: "", tail: [] } });
const view = (change: Partial<QueueView> = {}): QueueView => ({ paused: null, running: [], waiting: [], recent: [], ...change });
const full = view({ running: [training], waiting: [{ job: pictures, startsInSeconds: 600 }, { job: bob, startsInSeconds: null }], recent: [failed] });
const serve = (answer: () => unknown) => (path: string) => (path === "/api/queue" ? answer() : undefined);

describe("the queue has five states", () => {
  test("loading, then never had any", async () => {
    visit("/queue", [], serve(() => view()));
    expect(page.root.querySelector("h1")!.textContent).toBe("Queue");
    expect(page.root.querySelector("[aria-busy]")).not.toBeNull();
    await shown("Nothing in the queue yet");
  });

  test("an error is never the empty queue, and what is known stays", async () => {
    visit("/queue", [training], serve(broken));
    await shown("The queue could not be read.");
    expect(page.text()).not.toContain("Nothing in the queue yet");
    expect(page.text()).toContain("Training Ada");
    expect(page.text()).not.toContain("Pause the queue");
  });

  test("content: what runs, what waits and why, and what became of the rest", async () => {
    visit("/queue", [], serve(() => full));
    for (const words of ["Training Ada", "Waits for the training of Ada.", "Starts in about 10 min", "Start time not known yet", "Done today", "The GPU ran out of memory."]) await shown(words);
  });

  test("a filter that fits nothing names itself", async () => {
    visit("/queue", [], serve(() => view({ running: [training] })));
    await shown("Training Ada");
    byName(page.root, "Pictures").click();
    await shown("No entry fits Pictures.");
    byName(page.root, "Clear filter").click();
    await shown("Training Ada");
  });

  test("paused: says why, what goes on, and how to go on", async () => {
    visit("/queue", [], serve(() => view({ paused: { reason: "You paused it.", since: now }, running: [training] })));
    await shown("The queue is paused");
    expect(page.text()).toContain("You paused it.");
    byName(page.root, "Go on").click();
    await waitFor("it is sent", () => sent.includes("POST /api/queue/resume"));
  });
});

describe("changing the order", () => {
  const titles = () => [...page.root.querySelectorAll(".waiting > li a.title-link")].map((link) => link.textContent);

  test("by button: the row moves, the focus stays on it, and it is announced", async () => {
    visit("/queue", [], serve(() => full));
    await shown("Training Bob");
    const up = byName(page.root, "Move up: Training Bob");
    up.focus();
    up.click();
    await waitFor("it is first", () => titles()[0] === "Training Bob");
    expect(document.activeElement?.getAttribute("aria-label")).toBe("Move up: Training Bob");
    expect(sent).toEqual(["POST /api/jobs/b/move"]);
    await waitFor("it is said", () => page.root.querySelector(".hide[role=status]")?.textContent === "Training Bob is now number 1 of 2.");
  });

  test("by key: Alt and an arrow", async () => {
    visit("/queue", [], serve(() => full));
    await shown("Training Bob");
    byName(page.root, "Move up: 4 pictures").dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", altKey: true, bubbles: true }));
    await waitFor("it is last", () => titles()[1] === "4 pictures");
  });

  test("the first cannot go up, and says why", async () => {
    visit("/queue", [], serve(() => full));
    await shown("Training Bob");
    const up = byName(page.root, "Move up: 4 pictures");
    expect(up.getAttribute("aria-disabled")).toBe("true");
    up.click();
    expect(sent).toEqual([]);
    await waitFor("the reason is there for a finger too", () => page.root.querySelector(".toast")?.textContent?.includes("It is the first already.") === true);
  });
});

describe("a failure in the list", () => {
  const view1 = () => view({ recent: [{ ...failed, kind: "generation", title: "4 pictures", request: { prompt: "in a red coat" } }] });

  test("says what it was about and what happened; cause and raw words are one press away", async () => {
    visit("/queue", [], serve(view1));
    await shown("in a red coat");
    const fold = page.root.querySelector<HTMLDetailsElement>("details.fold")!;
    expect(fold.open).toBe(false);
    expect(fold.querySelector("summary")!.textContent).toContain("The GPU ran out of memory.");
    expect(fold.querySelector(".notice")).not.toBeNull();
  });

  test("is open when Home leads to it", async () => {
    visit("/queue?open=f", [], serve(view1));
    await waitFor("it is open", () => page.root.querySelector<HTMLDetailsElement>("details.fold")?.open === true);
  });
});

describe("pictures that wait for a training", () => {
  test("wait unless the person asks for a pause, which says what happens", async () => {
    visit("/generate", [training, pictures], (path) => (path.endsWith("/run-now") ? { ...pictures, waiting: null } : undefined));
    await shown("Pause the training for these pictures");
    expect(page.root.querySelector<HTMLInputElement>(".wait-choice input:checked")!.closest("label")!.textContent).toContain("Wait");
    expect(page.text()).not.toContain("Pause the training now");
    expect(page.text()).toContain("makes 4 pictures and then goes on with the training by itself");
    page.root.querySelectorAll<HTMLInputElement>(".wait-choice input")[1]!.click();
    await shown("Pause the training now");
    byName(page.root, "Pause the training now").click();
    await waitFor("it is sent", () => sent.includes("POST /api/generation/g/run-now"));
  });

  test("say when the training is expected to end, as a length and as a time of day", async () => {
    const progress = { stages: [], step: 500, totalSteps: 1000, fraction: 0.5, etaSeconds: 720, speed: "", loss: null, learningRate: null, message: "", updatedAt: now };
    visit("/generate", [{ ...training, progress }, pictures]);
    await waitFor("the time is told", () => /They start by themselves when the training ends, in about 12 min, at \d\d:\d\d\./.test(page.text()));
  });

  test("have no choice once the training gives way, or when no training stands before them", async () => {
    visit("/generate", [{ ...training, waiting: { code: "pausing", text: "It is saved first." } }, pictures]);
    await shown("The training is being saved and paused.");
    open.app.jobs.put({ ...training, state: "succeeded" });
    await waitFor("no choice is left", () => !page.text().includes("paused") && page.root.querySelector(".wait-choice") === null);
  });
});

describe("a page of the second chunk", () => {
  test("stands with its title and main part before the chunk is there", async () => {
    visit("/settings");
    expect(page.root.querySelectorAll("h1")).toHaveLength(1);
    expect(page.root.querySelectorAll("main")).toHaveLength(1);
    await shown("Hugging Face token");
  });

  test("the token field is where a failure sends one", async () => {
    visit("/settings?at=token", [], (path) => (path === "/api/settings" ? { rows: [], hfTokenSet: false, tunnelCommand: "" } : undefined));
    await waitFor("the field has the focus", () => (document.activeElement as HTMLInputElement | null)?.type === "password");
  });
});
