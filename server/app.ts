import { staticPlugin } from "@elysiajs/static";
import { Elysia } from "elysia";
import type { Plugin } from "../plugins/plugin.ts";
import { Access, loadToken } from "./api/access.ts";
import { backupsApi } from "./api/backups.ts";
import { charactersApi } from "./api/characters.ts";
import { docsApi } from "./api/docs.ts";
import { eventsApi } from "./api/events.ts";
import { createGate } from "./api/gate.ts";
import { generationApi } from "./api/generation.ts";
import { jobsApi } from "./api/jobs.ts";
import { logsApi } from "./api/logs.ts";
import { lorasApi } from "./api/loras.ts";
import { onError } from "./api/on-error.ts";
import { outputsApi } from "./api/outputs.ts";
import { loginPage, pagesApi } from "./api/pages.ts";
import { photosApi } from "./api/photos.ts";
import { responseHeaders } from "./api/response-headers.ts";
import { sessionApi } from "./api/session.ts";
import { settingsApi } from "./api/settings.ts";
import { systemApi } from "./api/system.ts";
import { trainingApi } from "./api/training.ts";
import { uploadsApi } from "./api/uploads.ts";
import { videoApi } from "./api/video.ts";
import type { LoadedConfig } from "./config.ts";
import { createCore, type Core } from "./core.ts";
import type { Paths } from "./files/paths.ts";
import type { UiBundle } from "./files/ui-assets.ts";
import { Lifecycle, turn } from "./lifecycle.ts";
import { assertUnderstoodHolders } from "./process/protocol.ts";
import { createViews } from "./views.ts";

export interface AppOptions extends LoadedConfig {
  readonly paths: Paths;
  readonly plugins: readonly Plugin[];
  readonly self: readonly string[];
  readonly ui: UiBundle;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface App {
  readonly core: Core;
  readonly access: Access;
  readonly http: Elysia;
  /** Settles what a former server left behind, then begins to take jobs. */
  start(): Promise<void>;
  /** Lets children run on. Answers the names of what did not stop in time. */
  stop(deadlineMs: number): Promise<string[]>;
}

/** The composition root: everything is built here, in order, and nowhere else. */
export async function createApp(options: AppOptions): Promise<App> {
  const core = createCore(options);
  const views = createViews(core);
  const { config, paths, env } = options;
  const token = loadToken(paths.tokenFile);
  const access = new Access(token, core.sessions, { enabled: config.auth });
  core.redactor.addSecret(token);
  const gate = createGate({
    access,
    hosts: { allowedHosts: config.allowedHosts, listenHost: config.host, podId: env["RUNPOD_POD_ID"] ?? null },
    loginPage: (request) => loginPage(options.ui, request),
  });
  const http = new Elysia({
    nativeStaticResponse: false,
    systemRouter: false,
  })
    .onRequest(({ request }) => gate(request) ?? undefined)
    .use(responseHeaders())
    .onError({ as: "global" }, ({ error }) => core.data.noteError(error))
    .use(onError(core.log))
    .use(sessionApi(access))
    .use(await staticPlugin({ assets: options.ui.staticFolder, prefix: "/static", indexHTML: false }))
    .use(systemApi(views.system))
    .use(settingsApi(views.settings))
    .use(backupsApi({ list: () => core.data.backups.list(), make: (reason) => core.data.backups.make(reason), folder: core.paths.backups }))
    .use(eventsApi(core.hub))
    .use(charactersApi(core))
    .use(photosApi(core))
    .use(uploadsApi(core))
    .use(lorasApi(core))
    .use(outputsApi(core))
    .use(trainingApi(core))
    .use(generationApi(core))
    .use(jobsApi(core))
    .use(videoApi())
    .use(logsApi({ jobLogs: core.jobLogs, serviceLog: core.serviceLog, jobExists: (id) => core.queue.get(id) !== null, log: core.log }))
    .use(docsApi((): Elysia => http as unknown as Elysia))
    .use(pagesApi(options.ui, views.system.boot));
  const lifecycle = new Lifecycle();
  return {
    core, access, http: http as unknown as Elysia,
    start: async () => {
      await turn();
      assertUnderstoodHolders(paths.data);
      const mode = core.mode();
      if (mode !== null) await views.useMode(mode);
      await core.uploads.sweep();
      await lifecycle.start([core.data, core.data.disk, core.data.sync, core.data.backups, core.gpu, core.engines, core.leftovers, core.dispatcher]);
    },
    stop: async (deadlineMs) => {
      const late = await lifecycle.stop(deadlineMs);
      core.close();
      return late;
    },
  };
}
