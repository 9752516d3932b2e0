import { afterEach, describe, expect, spyOn, test } from "bun:test";
import { html } from "htm/preact";
import type { Boot } from "../../server/contract/boot.ts";
import { waitFor } from "../../server/testing/wait.ts";
import { App } from "../components/frame/App.ts";
import { createTestApp, emptyServer, testBoot, testCharacter, testJob, type TestApp } from "../testing/app.ts";
import { testImage, testTraining } from "../testing/engines.ts";
import { byName, mount, typeInto } from "../testing/render.ts";

let open: TestApp | null = null;
let page: ReturnType<typeof mount>;

function visit(address: string, boot: Partial<Boot> = {}, answer?: Parameters<typeof createTestApp>[0]) {
  history.replaceState(null, "", address);
  open = createTestApp(answer, boot);
  page = mount(html`<${App} app=${open.app} />`);
  return open;
}
afterEach(() => {
  page[Symbol.dispose]();
  open?.dispose();
  open = null;
});
const heading = () => page.root.querySelector("h1")!.textContent;
const broken = () =>
  Response.json({ error: { code: "internal", what: "It could not be read.", why: "", fix: "Try again.", correlationId: "cor-1" } }, { status: 500 });

describe("every page", () => {
  test.each(["/", "/characters", "/characters/chr-1", "/logs", "/video", "/settings", "/nope"])("%s has one heading, one main part, a title and the mode", async (address) => {
    visit(address, { characters: [testCharacter()] });
    expect(page.root.querySelectorAll("h1")).toHaveLength(1);
    expect(page.root.querySelectorAll("main")).toHaveLength(1);
    expect(page.text()).toContain("Simulated: no GPU is used");
    await waitFor("the title is set", () => document.title === `${heading()} – Isengard`);
  });

  test.each(["/", "/characters", "/settings", "/logs"])("%s shows nothing green about a machine that nobody has checked", (address) => {
    visit(address);
    expect(page.root.querySelectorAll('[data-s="ok"]')).toHaveLength(0);
  });

  test("the bar of a small screen leads to the pictures without a menu", async () => {
    visit("/");
    const bar = page.root.querySelector("nav.bottom")!;
    expect([...bar.children].map((each) => each.textContent)).toEqual(["Home", "Characters", "Training", "Generate", "Gallery", "More"]);
    byName(bar, "Gallery").click();
    await waitFor("the gallery is shown", () => heading() === "Gallery");
  });

  test("moving to another page puts the focus on its title", async () => {
    visit("/");
    byName(page.root, "Characters").click();
    await waitFor("the title has the focus", () => document.activeElement === page.root.querySelector("h1") && heading() === "Characters");
  });

  test.each([
    ["fast-test", null, "AI-Toolkit 1, simulatedPicturesComfyUI 0.33.0, simulated"],
    ["production", "0.33.0", "AI-Toolkit 1PicturesComfyUI 0.33.0"],
    ["production", "0.3.64", "AI-Toolkit 1PicturesComfyUI 0.3.64; Isengard was made for 0.33.0"],
    ["production", null, "ComfyUI of a version that is not known; Isengard was made for 0.33.0"],
  ] as const)("About in %s names what was found (%s), and what Isengard was made for only beside another one", (mode, foundVersion, said) => {
    visit("/settings", { info: {
      ...testBoot().info, mode, training: { ...testTraining, foundVersion: "1" }, image: { ...testImage, toolVersion: "0.33.0", foundVersion },
    } });
    expect(page.root.querySelector("#about")!.textContent).toContain(said);
  });

  const progress = { stages: [], step: 1, totalSteps: 2, fraction: 0.42, etaSeconds: null, speed: "", loss: null, learningRate: null, message: "", updatedAt: "" };

  test("the title of the tab tells of the page's own work, never of another's", async () => {
    const done = testJob({ id: "job-2", state: "succeeded", title: "Training Bob, Quick", progress });
    visit("/training/job-1", { jobs: [testJob({ progress }), done] });
    await waitFor("the title is set", () => document.title === "42 % · Training Ada – Isengard");
    open!.app.events.emit({ type: "job.progress", jobId: "job-1", progress: { ...progress, fraction: 0.43 } });
    await waitFor("the title follows", () => document.title === "43 % · Training Ada – Isengard");
    open!.app.router.navigate("/training/job-2");
    await waitFor("the other says its own end", () => document.title === "Done · Trained Bob, Quick – Isengard");
    open!.app.router.navigate("/");
    await waitFor("Home says nothing of it", () => document.title === "Home – Isengard");
  });

  test("the icon of the tab fills with the work that runs, and is plain again without", async () => {
    const link = document.head.appendChild(Object.assign(document.createElement("link"), { rel: "icon", href: "/static/icon.svg" }));
    visit("/", { jobs: [testJob({ progress })] });
    expect(decodeURIComponent(link.href)).toContain('stroke-dasharray="42 100"');
    open!.app.events.emit({ type: "job.changed", job: testJob({ state: "succeeded" }) });
    expect(link.getAttribute("href")).toBe("/static/icon.svg");
    link.remove();
  });
});

describe("Home", () => {
  test("asks for the mode first, and says what it is afterwards", async () => {
    const boot = testBoot();
    const info = { ...boot.info, mode: null };
    const { requests } = visit("/", { info, simulated: false }, emptyServer);
    expect(page.text()).toContain("How do you want to use Isengard?");
    expect(page.text()).toContain("Mode not chosen yet");
    byName(page.root, "Try with simulators").click();
    await waitFor("the mode is shown", () => page.text().includes("Simulated: no GPU is used"));
    expect(requests.slice(0, 2)).toEqual(["POST /api/mode", "GET /api/boot"]);
  });

  test.each([
    [[], "Create a character"],
    [[testCharacter({ photoCount: 2 })], "Add photos"],
    [[testCharacter({ photoCount: 12 })], "Train"],
    [[testCharacter({ photoCount: 12, activeJobId: "job-1" })], "Watch training"],
  ] as const)("the three steps follow what is really there (%#)", (characters, action) => {
    visit("/", { characters: [...characters] });
    expect(page.root.querySelector(".steps .btn")!.textContent!.trim()).toBe(action);
  });

  test("puts what failed on top, and it can be put away", async () => {
    visit("/", { jobs: [testJob({ state: "failed", failure: { code: "x", what: "The GPU ran out of memory.", why: "", fix: "", tail: [] } })] });
    expect(page.text()).toContain("Training Ada failed");
    byName(page.root, "Put away: Training Ada failed").click();
    await waitFor("it is gone", () => !page.text().includes("Needs you"));
  });

  test("asks for pictures of somebody trained, until there are some", async () => {
    visit("/", { characters: [testCharacter()], jobs: [testJob({ id: "t", state: "succeeded", finishedAt: "2026-11-21T11:00:00.000Z" })] });
    expect(page.text()).toContain("Ada is trained");
    open!.app.jobs.put(testJob({ id: "g", kind: "generation", state: "queued", createdAt: "2026-11-21T12:00:00.000Z" }));
    await waitFor("it is gone", () => !page.text().includes("Ada is trained"));
  });

  test("forgets a warning about the GPU as soon as another GPU answers", async () => {
    const { status } = testBoot();
    const check = { id: "gpu", label: "GPU", state: "warning" as const, detail: "No GPU was found.", fix: "", checkedAt: null };
    visit("/", { status: { ...status, checks: [check] } }, (method, path) => (path === "/api/status" ? status : emptyServer(method, path)));
    expect(page.text()).toContain("GPU: No GPU was found.");
    open!.app.events.emit({ type: "gpu.changed", gpu: { ...status.gpu, state: "present" } });
    await waitFor("the warning is gone", () => !page.text().includes("No GPU was found."));
  });
});

describe("Characters", () => {
  test("an empty list, a filter that hides all and a list are different", async () => {
    visit("/characters");
    expect(page.text()).toContain("No characters yet");
    const many = Array.from({ length: 8 }, (_, index) => testCharacter({ id: `chr-${index}`, name: `Person ${index}` }));
    for (const character of many) open!.app.events.emit({ type: "character.changed", character });
    await waitFor("the list is shown", () => page.root.querySelectorAll(".person").length === 8);
    typeInto(page.root.querySelector("[data-search]")!, "zzz");
    await waitFor("nothing matches", () => page.text().includes("No entry fits zzz."));
    byName(page.root, "Clear filter").click();
    await waitFor("the list is back", () => page.root.querySelectorAll(".person").length === 8);
  });

  test("a name is enough: the suggested trigger word is shown, sent, and the new page opens", async () => {
    const bodies: unknown[] = [];
    const { requests } = visit("/characters?new=1", {}, (method, path, body) => {
      if (path.startsWith("/api/trigger-check")) return { ok: false, problem: "No.", suggestion: "adalov7" };
      if (method === "POST" && path === "/api/characters") {
        bodies.push(body);
        return testCharacter({ id: "chr-9", name: "Ada Lovelace" });
      }
      return emptyServer(method, path);
    });
    const [name, trigger] = page.root.querySelectorAll<HTMLInputElement>("dialog input:not([type=file])");
    typeInto(name!, "Ada Lovelace");
    await waitFor("the word is suggested", () => trigger!.value === "adalov7");
    byName(page.root.querySelector("dialog")!, "Create a character").click();
    await waitFor("the page opens", () => heading() === "Ada Lovelace");
    expect(bodies).toEqual([{ name: "Ada Lovelace", description: null, triggerWord: "adalov7" }]);
    expect(requests).toContain("GET /api/characters/chr-9/images");
  });
});

describe("one character", () => {
  test("whose photos cannot be read says so and never that there are none", async () => {
    visit("/characters/chr-1", { characters: [testCharacter()] }, (method, path) => (path.endsWith("/images") ? broken() : emptyServer(method, path)));
    await waitFor("the error is shown", () => page.text().includes("It could not be read."));
    expect(page.text()).not.toContain("No photos yet");
  });

  test("keeps a caption that could not be saved, and says so", async () => {
    const photo = { id: "pho-1", characterId: "chr-1", originalName: "a.jpg", mediaType: "image/jpeg", width: 1, height: 1, sizeBytes: 1, caption: "", changes: [], missing: false, url: "/u", thumbnailUrl: "/t", createdAt: "" };
    visit("/characters/chr-1?tab=captions", { characters: [testCharacter()] }, (method, path) =>
      method === "PATCH" ? broken() : path.endsWith("/images") ? { images: [photo], count: 1 } : {});
    const field = await waitFor("the caption field is there", () => page.root.querySelector("textarea"));
    typeInto(field, "a red coat");
    field.dispatchEvent(new Event("blur"));
    await waitFor("the failure is shown", () => page.text().includes("What you typed is kept."));
    expect(field.value).toBe("a red coat");
  });

  test("that does not exist is said to be missing", () => {
    visit("/characters/chr-404");
    expect(page.text()).toContain("This character does not exist");
  });
});

test("a page that breaks says so and leaves the rest of the frame alone", async () => {
  const reported = spyOn(globalThis, "reportError").mockImplementation(() => undefined);
  visit("/settings", {}, (method, path) => (path === "/api/settings" ? { rows: "nonsense" } : emptyServer(method, path)));
  await waitFor("it says so", () => page.text().includes("This page could not be shown."));
  byName(page.root, "Logs").click();
  await waitFor("other pages work", () => heading() === "Logs");
  expect(reported).toHaveBeenCalledTimes(1);
  reported.mockRestore();
});

test("a lost connection is explained, with the command and a way to try at once", async () => {
  const { app, sockets } = visit("/", {}, (_, path) => (path === "/api/settings" ? { rows: [], hfTokenSet: false, tunnelCommand: "ssh -N -L 1:2:3 pod" } : {}));
  app.connection.start();
  sockets[0]!.say({ type: "hello", epoch: "e1", seq: 1, build: "b1", resumed: true });
  await waitFor("it is connected", () => page.text().includes("Connected"));
  await waitFor("the command is known", () => app.tunnelCommand.value !== "");
  sockets[0]!.close();
  await waitFor("the banner is shown", () => page.text().includes("goes on if only the connection broke."));
  expect(page.text()).toContain("ssh -N -L 1:2:3 pod");
  byName(page.root, "Try now").click();
  expect(sockets).toHaveLength(2);
});
