import { join } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import { findChromium } from "./chromium.ts";
import { damageFile } from "./damage.ts";
import { drawPortrait } from "../../plugins/simulation/portrait.ts";
import type { Character } from "../../server/contract/character.ts";
import type { Job } from "../../server/contract/job.ts";
import { startExecutable, type Started } from "./executable.ts";
import { lorasOf, post, startGeneration, startTraining, waitForEnd } from "./story.ts";

/** For a machine that does much else. */
const waitMs = 60_000;
const themes = ["light", "dark"] as const;
const widths = [1280, 390] as const;

/** One picture of the product: where it is, and what has to be on the page before it is taken. */
export interface PageView {
  readonly name: string;
  readonly path: string;
  readonly ready: string;
  /** Of another server than the one where everything happens. */
  readonly server?: Started;
  /** Before the address is opened. */
  readonly before?: (page: Page) => Promise<void>;
  /** Brings the page into the state that the picture is about. */
  readonly prepare?: (page: Page) => Promise<void>;
  /** The link that signs in is not used. */
  readonly isSignedOut?: boolean;
}

export interface Exhibition {
  readonly server: Started;
  readonly browser: Browser;
  readonly views: readonly PageView[];
  close(): Promise<void>;
}

/** A server with people, a finished and a running training, pictures, a failure and a waiting job: every page has something to show. */
export async function openExhibition(): Promise<Exhibition> {
  const first = await startExecutable({ flags: ["--mode", "fast-test", "--simulate-speed", "20"] });
  const ada = await portraitCharacter(first, "Ada Lovelace", "She wrote the first program.", 12);
  const grace = await portraitCharacter(first, "Grace Hopper", "", 14);
  await post(first, "/api/characters", { name: "Alan Turing" });
  const trained = await startTraining(first, ada.id, { steps: 900 });
  await waitForEnd(() => first, "training", trained.id);
  const [lora] = await lorasOf(first);
  for (const [prompt, seed] of [["portrait in a garden", 3], ["reading a book in a library, warm light", 11]] as const) {
    const made = await startGeneration(first, { prompt, loras: [{ id: lora!.id, strength: 0.9 }], count: 4, seed, aspectRatio: "3:4" });
    await waitForEnd(() => first, "generation", made.id);
  }
  await first.kill("SIGTERM");
  const failing = await startExecutable({ folder: first.folder, flags: ["--mode", "fast-test", "--simulate-speed", "20", "--simulate-scenario", "out-of-memory"] });
  const failed = await startTraining(failing, grace.id, { steps: 100 });
  await waitForEnd(() => failing, "training", failed.id);
  await failing.kill("SIGTERM");

  const server = await startExecutable({ folder: first.folder, flags: ["--mode", "fast-test", "--simulate-speed", "0.4"] });
  // Slow and long, so that it still runs when the last page is looked at.
  const running = await startTraining(server, grace.id, { steps: 5000 });
  await startGeneration(server, { prompt: "portrait in a garden", loras: [{ id: lora!.id, strength: 0.9 }], count: 2 });
  await untilStep(server, running, 260);
  const browser = await chromium.launch({ executablePath: findChromium(), args: ["--no-sandbox", "--disable-gpu"] });
  const [fresh, damaged] = [await startExecutable({ flags: [] }), await damagedServer()];
  return {
    server, browser, views: [...viewsOf({ ada, trained, failed, running }), ...rareViews({ running, fresh, damaged })],
    close: async () => {
      await browser.close();
      for (const one of [server, fresh, damaged]) await one.dispose();
    },
  };
}

/** A server that cannot open its database and offers its backups. */
async function damagedServer(): Promise<Started> {
  const first = await startExecutable();
  await post(first, "/api/characters", { name: "Ada Lovelace" });
  await first.json("/api/backups", { method: "POST" });
  await first.kill("SIGTERM");
  damageFile(join(first.folder, "data/state.db"), 2);
  return startExecutable({ folder: first.folder });
}

interface Cast {
  readonly ada: Character;
  readonly trained: Job;
  readonly failed: Job;
  readonly running: Job;
}

function viewsOf({ ada, trained, failed, running }: Cast): PageView[] {
  const openTab = (name: string) => async (page: Page) => page.getByRole("tab", { name }).click();
  return [
    { name: "home", path: "/", ready: "Machine" },
    { name: "characters", path: "/characters", ready: "Ada Lovelace" },
    { name: "character-photos", path: `/characters/${ada.id}`, ready: "Ada Lovelace" },
    { name: "character-captions", path: `/characters/${ada.id}`, ready: "Ada Lovelace", prepare: openTab("Captions") },
    { name: "character-loras", path: `/characters/${ada.id}`, ready: "Ada Lovelace", prepare: openTab("LoRAs") },
    { name: "training-list", path: "/training", ready: "Grace Hopper" },
    { name: "training-start", path: `/training/new?character=${ada.id}`, ready: "Train Ada Lovelace on" },
    { name: "training-live", path: `/training/${running.id}`, ready: "Test pictures", prepare: untilDrawn },
    { name: "training-done", path: `/training/${trained.id}`, ready: "is ready", prepare: untilDrawn },
    { name: "training-failed", path: `/training/${failed.id}`, ready: "ran out of memory" },
    { name: "generate", path: "/generate", ready: "What should the picture show?" },
    { name: "queue", path: "/queue", ready: "Done today" },
    { name: "gallery", path: "/gallery", ready: "Gallery" },
    { name: "logs", path: "/logs", ready: "Logs" },
    { name: "video", path: "/video", ready: "In development" },
    { name: "settings", path: "/settings", ready: "Settings" },
  ];
}

/** States that a person meets seldom, and should recognise when they come. */
function rareViews({ running, fresh, damaged }: { running: Job; fresh: Started; damaged: Started }): PageView[] {
  return [
    { name: "first-run", path: "/", ready: "How do you want to use Isengard?", server: fresh },
    { name: "login", path: "/", ready: "Sign in to Isengard", server: fresh, isSignedOut: true },
    { name: "home-away", path: "/", ready: "While you were away", before: comeBack },
    { name: "queue-waiting", path: "/queue", ready: "Done today", prepare: (page) => page.locator(".waiting summary").first().click() },
    { name: "connection-lost", path: `/training/${running.id}`, ready: "Test pictures", before: watchSocket, prepare: loseConnection },
    { name: "damaged-login", path: "/", ready: "paste the access token", server: damaged, isSignedOut: true },
    { name: "damaged-database", path: "/", ready: "The database is damaged.", server: damaged, isSignedOut: true, before: (page) => signInByToken(page, damaged) },
  ];
}

/** As if the browser had last looked before anything had ended. */
async function comeBack(page: Page): Promise<void> {
  await page.addInitScript(() => {
    localStorage.setItem("isengard.seen", "2020-01-01T00:00:00.000Z");
    localStorage.setItem("isengard.left", "1");
  });
}

const sockets = new WeakMap<Page, { close: () => void; isCut: boolean }>();

/** Puts itself between the page and the server, to cut the line later. */
async function watchSocket(page: Page): Promise<void> {
  const line = { close: () => {}, isCut: false };
  sockets.set(page, line);
  await page.routeWebSocket(/.*/, (socket) => {
    if (line.isCut) return void socket.close();
    socket.connectToServer();
    line.close = () => void socket.close();
  });
}

/** The page has its data; then its socket breaks and no new one comes through, as with a tunnel whose far end has died. */
async function loseConnection(page: Page): Promise<void> {
  await untilDrawn(page);
  const line = sockets.get(page)!;
  line.isCut = true;
  line.close();
  await page.getByText("The connection to the server is lost.").first().waitFor({ timeout: waitMs });
}

async function signInByToken(page: Page, server: Started): Promise<void> {
  await page.goto(server.url);
  await page.getByLabel("Access token").fill(server.token);
  await page.getByRole("button", { name: "Continue" }).click();
}

/** Samples and the loss curve come after the page itself. */
async function untilDrawn(page: Page): Promise<void> {
  for (const part of ['img[src*="/artifacts/"]', ".uplot canvas"]) await page.locator(part).first().waitFor({ timeout: waitMs });
}

async function portraitCharacter(server: Started, name: string, description: string, photos: number): Promise<Character> {
  const character = await post<Character>(server, "/api/characters", { name, description });
  const scenes = ["garden", "office", "beach at sunset", "snow", "library", "city at night"];
  const form = new FormData();
  for (let n = 0; n < photos; n++) {
    const bytes = await drawPortrait({ width: 640, height: 800, seed: n + 1, prompt: scenes[n % scenes.length]!, clarity: 1, identity: name, strength: 1, format: "jpeg" });
    form.append("files", new File([bytes as BlobPart], `${name.toLowerCase().replaceAll(" ", "-")}-${n + 1}.jpg`, { type: "image/jpeg" }));
  }
  await server.json(`/api/characters/${character.id}/images`, { method: "POST", body: form });
  const { images } = await server.json<{ images: Array<{ id: string }> }>(`/api/characters/${character.id}/images`);
  for (const [n, image] of images.slice(0, 3).entries()) {
    await server.json(`/api/characters/${character.id}/images/${image.id}`, {
      method: "PATCH", headers: { "content-type": "application/json" }, body: JSON.stringify({ caption: `${scenes[n]}, looking at the camera` }),
    });
  }
  return server.json<Character>(`/api/characters/${character.id}`);
}

async function untilStep(server: Started, job: Job, step: number): Promise<void> {
  const end = performance.now() + 90_000;
  for (;;) {
    const now = await server.json<Job>(`/api/training/${job.id}`);
    if ((now.progress?.step ?? 0) >= step) return;
    if (now.finishedAt !== null || performance.now() > end) throw new Error(`The training did not reach step ${step}: ${JSON.stringify(now)}`);
    await Bun.sleep(200);
  }
}

/** Shows every view in every width and theme, logged in and with its data there. The themes share a page. */
export async function visitAll(exhibition: Exhibition, look: (page: Page, view: PageView, theme: (typeof themes)[number], width: number) => Promise<void>): Promise<void> {
  for (const view of exhibition.views) {
    for (const width of widths) {
      const page = await openView(exhibition, view, width);
      for (const theme of themes) {
        await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
        // Two frames: the page draws its charts anew, the browser paints.
        await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
        await look(page, view, theme, width);
      }
      await page.context().close();
    }
  }
}

async function openView(exhibition: Exhibition, view: PageView, width: number): Promise<Page> {
  const context = await exhibition.browser.newContext({
    viewport: { width, height: width < 600 ? 844 : 900 }, hasTouch: width < 600, reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const server = view.server ?? exhibition.server;
  if (!view.isSignedOut) {
    const { path } = await server.json<{ path: string }>("/api/links", { method: "POST" });
    await page.goto(server.url + path);
  }
  await view.before?.(page);
  if (page.url() === "about:blank" || !view.isSignedOut) await page.goto(server.url + view.path);
  await page.getByText(view.ready).locator("visible=true").first().waitFor({ timeout: waitMs });
  await view.prepare?.(page);
  await page.waitForFunction(() => [...document.images].every((image) => image.complete || (image.loading === "lazy" && image.getBoundingClientRect().top > innerHeight)), null, { timeout: waitMs });
  return page;
}
