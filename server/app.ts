import type { Plugin } from "../plugins/plugin.ts";
import { Access, loadToken } from "./api/gate/access.ts";
import { Front } from "./api/gate/front.ts";
import { createGate } from "./api/gate/gate.ts";
import { firstPage, loginPage } from "./api/pages.ts";
import { withEarlierForm } from "./api/v0/on-demand.ts";
import type { LoadedConfig } from "./base/config.ts";
import { createCore, type Core } from "./core.ts";
import type { Paths } from "./files/paths.ts";
import type { UiBundle } from "./files/ui-assets.ts";
import { Lifecycle } from "./base/lifecycle.ts";
import { turn } from "./base/wait.ts";
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
  readonly front: Front;
  /** Makes the routes, for which the requests wait; `server` is the one that listens. */
  open(server: Bun.Server<unknown>): Promise<void>;
  /** Settles what a former server left behind, then begins to take jobs. */
  start(): Promise<void>;
  /** Lets children run on. Answers the names of what did not stop in time. */
  stop(deadlineMs: number): Promise<string[]>;
}

/** The composition root: everything is built here and in the routes, in order, and nowhere else. */
export function createApp(options: AppOptions): App {
  const core = createCore(options);
  const views = createViews(core);
  const { config, paths, env } = options;
  const token = loadToken(paths.tokenFile);
  const access = new Access(token, core.sessions, { enabled: config.auth });
  core.redactor.addSecret(token);
  const command = commandLine([...options.self, "link", "--data", paths.root]);
  const gate = createGate({
    access,
    hosts: { allowedHosts: config.allowedHosts, listenHost: config.host, podId: env["RUNPOD_POD_ID"] ?? null },
    loginPage: (request) => loginPage(options.ui, request, command),
  });
  const front = new Front(gate, (request) => firstPage(options.ui, request, views.system.boot));
  const lifecycle = new Lifecycle();
  return {
    core, access, front,
    open: async (server) => {
      await turn();
      const { createRoutes } = await import("./routes.ts");
      const routes = await createRoutes({ core, views, access, gate, ui: options.ui, command });
      const { fetch } = routes.compile();
      // Only now: compiling would hang the routes into the server directly, past what stands in front of them.
      routes.server = server;
      front.open(withEarlierForm(fetch));
    },
    start: async () => {
      assertUnderstoodHolders(paths.data);
      const mode = core.mode();
      if (mode !== null) await views.useMode(mode);
      await core.uploads.sweep();
      await lifecycle.start([core.data, core.data.disk, core.data.sync, core.data.backups, core.gpu, core.engines, core.leftovers, core.purge, core.inventory, core.oldPhotosPass, core.dispatcher]);
    },
    stop: async (deadlineMs) => {
      const late = await lifecycle.stop(deadlineMs);
      core.close();
      return late;
    },
  };
}

/** As it is typed into a shell. */
function commandLine(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(" ");
}
