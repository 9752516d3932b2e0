import { staticPlugin } from "@elysiajs/static";
import { Elysia } from "elysia";
import type { Access } from "./api/gate/access.ts";
import { backupsApi } from "./api/backups.ts";
import { charactersApi } from "./api/characters.ts";
import { docsApi } from "./api/docs.ts";
import { eventsApi } from "./api/events.ts";
import { mayTakeTime } from "./api/gate/connection-time.ts";
import type { Gate } from "./api/gate/gate.ts";
import { hasBody, storesSomething } from "./api/http/body-limits.ts";
import { generationApi } from "./api/generation.ts";
import { jobsApi } from "./api/jobs.ts";
import { logsApi } from "./api/logs.ts";
import { lorasApi } from "./api/loras.ts";
import { onError } from "./api/gate/on-error.ts";
import { outputsApi } from "./api/outputs.ts";
import { pagesApi } from "./api/pages.ts";
import { photosApi } from "./api/photos.ts";
import { responseHeaders } from "./api/gate/response-headers.ts";
import { sessionApi } from "./api/session.ts";
import { settingsApi } from "./api/settings.ts";
import { systemApi } from "./api/system.ts";
import { trainingApi } from "./api/training.ts";
import { uploadsApi } from "./api/uploads.ts";
import { videoApi } from "./api/video.ts";
import { turn } from "./base/wait.ts";
import type { Core } from "./core.ts";
import type { UiBundle } from "./files/ui-assets.ts";
import type { Views } from "./views.ts";

export interface RouteOptions {
  readonly core: Core;
  readonly views: Views;
  readonly access: Access;
  readonly gate: Gate;
  readonly ui: UiBundle;
  /** Prints a new link, for the login page. */
  readonly command: string;
}

/** Every address that the server answers, behind the gate. */
export async function createRoutes({ core, views, access, gate, ui, command }: RouteOptions): Promise<Elysia> {
  // The gate reads the path as the URL standard does: the router has to begin at the same slash, also behind a short host name.
  const http = new Elysia({ nativeStaticResponse: false, systemRouter: false, handler: { standardHostname: false } })
    .onRequest(({ request, server }) => {
      const refusal = gate(request);
      if (refusal !== null) return refusal;
      if (storesSomething(request)) core.data.assertInPlace();
      if (!hasBody(request)) mayTakeTime(request, server);
      return;
    })
    .use(responseHeaders())
    .onError({ as: "global" }, ({ error }) => core.data.noteError(error))
    .use(onError(core.log)) as unknown as Elysia;
  // Its tags have no quotes, and it compares them as one text: these few small files are kept by their age alone.
  http.use(await staticPlugin({ assets: ui.staticFolder, prefix: "/static", indexHTML: false, etag: false }));
  const { system, settings } = views;
  const nouns: ReadonlyArray<(app: Elysia) => unknown> = [
    sessionApi(access),
    systemApi(system),
    settingsApi(settings),
    backupsApi({ list: () => core.data.backups.list(), make: (reason) => core.data.backups.make(reason), folder: core.paths.backups }),
    eventsApi(core.hub, access),
    charactersApi(core),
    photosApi(core),
    uploadsApi(core),
    lorasApi(core),
    outputsApi(core),
    trainingApi(core),
    generationApi(core),
    jobsApi(core),
    videoApi(),
    logsApi({ jobLogs: core.jobLogs, serviceLog: core.serviceLog, jobExists: (id) => core.queue.get(id) !== null, log: core.log }),
    docsApi(() => http, access.cookieName),
    pagesApi(ui, system.boot, command),
  ];
  for (const noun of nouns) {
    noun(http);
    // Who asks for the health or the first page meanwhile is answered between two of them.
    await turn();
  }
  return http;
}
