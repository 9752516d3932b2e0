import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "../../plugins/plugin.ts";
import type { Access } from "../api/gate/access.ts";
import { createApp, type App } from "../app.ts";
import { openBrowser } from "./browser.ts";
import { build, self, version } from "../base/identity.ts";
import type { LoadedConfig } from "../base/config.ts";
import { codeOf, DataInUse, DataProblem, toProblem } from "../db/data-problem.ts";
import { type FolderLock, lockFolder } from "../db/folder-lock.ts";
import { makeFolders, type Paths } from "../files/paths.ts";
import { withPrivateSecrets } from "../files/secrets.ts";
import { misreadByTools, misreadFix } from "../files/tool-path.ts";
import { loadUi } from "../files/ui-assets.ts";
import { explainSystemError } from "../base/system-error.ts";
import { catchTheRest } from "./last-resort.ts";
import { listen, type Server } from "./listen.ts";
import { loadPlace } from "./place.ts";
import { keepSessions, restartInPlace, takeSessions } from "./restart.ts";
import { announceRunning, describeHolder, findRunning, requestLink, type RunningServer } from "./running.ts";

/** From SIGTERM to the end; children go on (promise Q18 of docs/promises.md). */
const drainLimitMs = 3000;
/** After it, what only the start needed is collected and goes back to the system; an idle server would keep it for hours. */
const settleMs = 1500;
/** For the answer to the click that asked for a restart. */
const answerMs = 300;

interface Start extends LoadedConfig {
  readonly paths: Paths;
  readonly flags: readonly string[];
  readonly plugins: readonly Plugin[];
}

/** Held until the process ends: the system drops it, however it ends. */
const locks: Array<FolderLock | null> = [];
let server: Server | null = null;

/** Starts the server. Answers null while it runs, or an exit code when it cannot or need not start. */
export async function serve(flags: readonly string[], plugins: readonly Plugin[]): Promise<number | null> {
  const place = loadPlace(flags);
  process.umask(0o077);
  const running = await findRunning(place.paths);
  if (running !== null) return openRunning(running, place);
  return start({ ...place, flags, plugins });
}

async function start(given: Start): Promise<number | null> {
  let place = given;
  let app: App | null = null;
  // From here on: who asks a server to end that has just begun to answer must find it ending in order.
  onSignals();
  try {
    makeFolders(given.paths);
    // Only now the folder of the secrets exists for certain and can be looked at.
    place = { ...given, paths: withPrivateSecrets(given.paths) };
    const { paths } = place;
    locks.push(lockFolder(paths.lockFile));
    app = createApp({ ...place, self, ui: await loadUi(uiFolder()), env: process.env });
    const { log, data, sessions } = app.core;
    end = () => void drain(app!);
    catchTheRest(log, (error) => data.noteError(error));
    takeSessions(paths, sessions);
    server = listen(app.front.fetch, place);
    if (server === null) return 1;
    app.core.address.port = server.port!;
    await app.open(server);
    await app.start();
    return isEnding ? null : ready(app, place);
  } catch (error) {
    // Whoever asked it to end meanwhile closed what was being opened.
    if (isEnding) return null;
    return cannotStart(error, app, place);
  }
}

/** Never a crash loop: what is wrong with the data is shown on a page. Everything else is for whoever starts the program. */
async function cannotStart(error: unknown, app: App | null, place: Start): Promise<number | null> {
  const { paths } = place;
  const code = codeOf(error);
  const isAboutData = error instanceof DataProblem || /^(SQLITE_|EIO|EROFS|ENOSPC|ESTALE)/.test(code);
  const problem = isAboutData || error instanceof DataInUse ? toProblem(error, paths.stateDb, "unreadable") : null;
  if (problem instanceof DataInUse) {
    console.error(describeHolder(paths));
    return 1;
  }
  if (problem === null || (!existsSync(paths.stateDb) && problem.kind !== "missing")) {
    console.error(explainStart(error, place));
    return 1;
  }
  if (app !== null) {
    end = exit;
    await app.stop(drainLimitMs);
    await server?.stop(true);
  }
  return holdOn(problem, place);
}

async function holdOn(problem: DataProblem, place: Start): Promise<number | null> {
  const { paths, flags, config } = place;
  // Only now: a server that can open its data needs none of this.
  const [{ createHold }, { createHoldLog }] = await Promise.all([import("./on-hold/hold.ts"), import("./on-hold/log.ts")]);
  const log = createHoldLog(paths, config.logLevel);
  const hold = createHold({
    ...place, problem, log, podId: process.env["RUNPOD_POD_ID"] ?? null,
    restart: () => {
      keepSessions(paths, hold.sessions.all());
      setTimeout(() => restartInPlace(flags, server!.port!), answerMs);
    },
  });
  takeSessions(paths, hold.sessions);
  server = listen(hold.http.fetch, place);
  if (server === null) return 1;
  const port = server.port!;
  log.error("data.on-hold", problem.message, { kind: problem.kind, file: problem.file, detail: problem.detail });
  const stopAnnouncing = announceRunning(paths, { url: urlOf(place, port), build, state: "on-hold" });
  end = () => {
    stopAnnouncing();
    process.exit(0);
  };
  console.error(`${problem.message} ${problem.fix}\n${problem.file}: ${problem.detail}`);
  printLink(hold.access, place, port, `Isengard ${version} cannot open its data; its page shows what can be done.`);
  return null;
}

function ready(app: App, place: Start): null {
  const { paths, sources } = place;
  const { port } = app.core.address;
  const url = urlOf(place, port);
  const stopAnnouncing = announceRunning(paths, { url, build, state: "serving" });
  end = () => {
    stopAnnouncing();
    void drain(app);
  };
  const mode = app.core.mode() ?? "not chosen yet";
  app.core.log.info("server.ready", "Isengard is ready", { url, build, mode, root: paths.root, modeFrom: sources.mode });
  printLink(app.access, place, port, `Isengard ${version} is ready (mode: ${mode}).`);
  const misread = misreadByTools(paths.root);
  if (misread !== null) console.error(`${misread} Trainings there would fail. ${misreadFix}`);
  setTimeout(() => Bun.shrink(), settleMs).unref();
  return null;
}

function printLink(access: Access, place: Start, port: number, first: string): void {
  const { config, paths } = place;
  const url = urlOf(place, port);
  const link = config.auth ? `${url}/open?code=${access.createCode()}` : url;
  console.log(`${first}\nOpen:  ${link}\nFiles: ${paths.root}`);
  if (config.auth) console.log("The link works once and for 10 minutes. `isengard link` prints a new one. Stop with Ctrl+C; trainings go on.");
  if (config.open) openBrowser(link);
}

let isEnding = false;
const exit = (): void => process.exit(0);
/** What a signal to end does now. Before anything is open there is nothing to put in order. */
let end = exit;

function onSignals(): void {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (isEnding) process.exit(1);
      isEnding = true;
      end();
    });
  }
  // A closed terminal ends nothing: the page is still open somewhere.
  process.on("SIGHUP", () => undefined);
}

async function drain(app: App): Promise<void> {
  app.core.log.info("server.stopping", "Isengard is stopping; running work goes on without it");
  const late = await app.stop(drainLimitMs - 500);
  await Promise.race([server?.stop(true), Bun.sleep(300)]);
  if (late.length > 0) console.error(`Did not stop in time: ${late.join(", ")}.`);
  process.exit(0);
}

/** A second start on the same folder opens the Isengard that runs. */
async function openRunning(running: RunningServer, { config, paths }: LoadedConfig & { paths: Paths }): Promise<number> {
  const token = existsSync(paths.tokenFile) ? readFileSync(paths.tokenFile, "utf8").trim() : "";
  const link = config.auth ? await requestLink(running, token) : running.url;
  console.log(`Isengard already runs on ${paths.root} (process ${running.pid}).\nOpen:  ${link}`);
  if (config.open) openBrowser(link);
  return 0;
}

function explainStart(error: unknown, { config, paths }: Start): string {
  if (error instanceof DataProblem) return `Isengard could not start. ${error.message} ${error.detail}`;
  // A name that cannot be looked up is an invalid argument to `listen`.
  const isAddress = error instanceof Error && "syscall" in error && error.syscall === "listen";
  if (isAddress && codeOf(error) === "EINVAL") return `Isengard could not start. There is no address for the host ${config.host}. Use --host 127.0.0.1.`;
  const refusal = explainSystemError(error, isAddress ? config.host : paths.root);
  if (refusal === null) throw error;
  return `Isengard could not start. ${refusal.why} ${refusal.fix}`;
}

function urlOf({ config }: LoadedConfig, port: number): string {
  return `http://${displayHost(config.host)}:${port}`;
}

function displayHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

/** Inside the executable the page lies beside the code; from sources it lies where the build puts it. */
function uiFolder(): string {
  return Bun.isStandaloneExecutable ? join(import.meta.dir, "public") : join(import.meta.dir, "../../dist/public");
}
