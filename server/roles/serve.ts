import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "../../plugins/plugin.ts";
import { createApp, type App } from "../app.ts";
import { openBrowser } from "../browser.ts";
import { build, version } from "../build-info.ts";
import { ConfigError, type LoadedConfig } from "../config.ts";
import { makeFolders, type Paths } from "../files/paths.ts";
import { loadUi } from "../files/ui-assets.ts";
import { describePortOwner } from "../process/port.ts";
import { self } from "../self.ts";
import { loadPlace } from "./place.ts";
import { findRunning, forgetRunning, requestLink, writeRunning } from "./running.ts";

/** From SIGTERM to the end; children go on (see `references` Q18). */
const drainLimitMs = 3000;
const portAttempts = 20;

/** Starts the server. Answers null while it runs, or an exit code when it cannot or need not start. */
export async function serve(flags: readonly string[], plugins: readonly Plugin[]): Promise<number | null> {
  let place: LoadedConfig & { paths: Paths };
  try {
    place = loadPlace(flags);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    return 2;
  }
  process.umask(0o077);
  const running = await findRunning(place.paths);
  if (running !== null) return openRunning(running, place);
  return start(place, plugins);
}

async function start(place: LoadedConfig & { paths: Paths }, plugins: readonly Plugin[]): Promise<number | null> {
  const { paths } = place;
  let app: App;
  try {
    makeFolders(paths);
    app = createApp({ ...place, plugins, self, ui: await loadUi(uiFolder()), env: process.env });
  } catch (error) {
    console.error(explainStart(error, paths));
    return 1;
  }
  const port = listen(app, place);
  if (port === null) return 1;
  try {
    await app.start();
  } catch (error) {
    console.error(explainStart(error, paths));
    return 1;
  }
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void drain(app, paths));
  // A closed terminal ends nothing: the page is still open somewhere.
  process.on("SIGHUP", () => undefined);
  await announce(app, place, port);
  return null;
}

async function announce(app: App, { config, paths, sources }: LoadedConfig & { paths: Paths }, port: number): Promise<void> {
  const url = `http://${displayHost(config.host)}:${port}`;
  await writeRunning(paths, { pid: process.pid, url, build, startedAt: new Date().toISOString() });
  const mode = app.core.mode() ?? "not chosen yet";
  app.core.log.info("server.ready", "Isengard is ready", { url, build, mode, root: paths.root, modeFrom: sources.mode });
  const link = config.auth ? `${url}/open?code=${app.access.createCode()}` : url;
  console.log(`Isengard ${version} is ready (mode: ${mode}).\nOpen:  ${link}\nFiles: ${paths.root}`);
  if (config.auth) console.log("The link works once and for 10 minutes. `isengard link` prints a new one. Stop with Ctrl+C; trainings go on.");
  if (config.open) openBrowser(link);
}

/** Listens, or says who has the port. A port that nobody asked for is replaced by the next free one. */
function listen(app: App, { config, sources }: LoadedConfig): number | null {
  const isChosen = sources.port !== "default";
  for (let port = config.port; port < config.port + portAttempts; port++) {
    try {
      app.http.listen({ hostname: config.host, port });
      app.core.address.port = app.http.server!.port!;
      return app.core.address.port;
    } catch (error) {
      if (!(error instanceof Error) || !("code" in error) || error.code !== "EADDRINUSE") throw error;
      const owner = describePortOwner(port) ?? "another program";
      if (isChosen) {
        console.error(`Port ${port} is already used by ${owner}. Start with --port ${port + 1}, or end that program first.`);
        return null;
      }
      console.log(`Port ${port} is used by ${owner}; trying ${port + 1}.`);
    }
  }
  console.error(`The ports ${config.port} to ${config.port + portAttempts - 1} are all in use. Name a free one with --port.`);
  return null;
}

let isDraining = false;

async function drain(app: App, paths: Paths): Promise<void> {
  if (isDraining) process.exit(1);
  isDraining = true;
  app.core.log.info("server.stopping", "Isengard is stopping; running work goes on without it");
  forgetRunning(paths);
  const late = await app.stop(drainLimitMs - 500);
  await Promise.race([Promise.resolve(app.http.stop(true)), Bun.sleep(300)]);
  if (late.length > 0) console.error(`Did not stop in time: ${late.join(", ")}.`);
  process.exit(0);
}

/** A second start on the same folder opens the Isengard that runs. */
async function openRunning(running: { pid: number; url: string }, { config, paths }: LoadedConfig & { paths: Paths }): Promise<number> {
  const token = existsSync(paths.tokenFile) ? readFileSync(paths.tokenFile, "utf8").trim() : "";
  const link = config.auth ? await requestLink({ ...running, build: "", startedAt: "" }, token) : running.url;
  console.log(`Isengard already runs on ${paths.root} (process ${running.pid}).\nOpen:  ${link}`);
  if (config.open) openBrowser(link);
  return 0;
}

function explainStart(error: unknown, paths: Paths): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reason = error instanceof Error ? error.message : String(error);
  if (code === "SQLITE_BUSY" || /database is locked/i.test(reason)) {
    return `Another Isengard already uses the folder ${paths.root}. Open its page, stop it, or choose another folder with --data.`;
  }
  if (code === "EACCES" || code === "EROFS") return `Isengard may not write to ${paths.root}. Choose a folder of yours with --data, or change its owner.`;
  if (code === "ENOSPC") return `The disk of ${paths.root} is full. Free some space, or choose another folder with --data.`;
  return `Isengard could not start: ${reason}`;
}

function displayHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

/** Inside the executable the page lies beside the code; from sources it lies where the build puts it. */
function uiFolder(): string {
  return Bun.isStandaloneExecutable ? join(import.meta.dir, "public") : join(import.meta.dir, "../../dist/public");
}
