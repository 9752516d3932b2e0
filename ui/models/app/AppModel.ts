import { computed, effect, signal, untracked, type ReadonlySignal, type Signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Boot } from "../../../server/contract/boot.ts";
import type { Info, Mode, Settings } from "../../../server/contract/system.ts";
import type { Api } from "../../api.ts";
import { createEvents, type Events } from "../../events.ts";
import type { Router } from "../../router.ts";
import type { SocketClock, SocketLike } from "../../socket.ts";
import { createAwayModel, type AwayModel } from "./AwayModel.ts";
import { createCharactersModel, type CharactersModel } from "../characters/CharactersModel.ts";
import { createConnectionModel, type ConnectionModel } from "./ConnectionModel.ts";
import { createJobsModel, type JobsModel } from "../jobs/JobsModel.ts";
import { createLibraryModel, type LibraryModel } from "./LibraryModel.ts";
import { watchMilestones } from "./milestones.ts";
import { createPreferencesModel, type PreferencesModel } from "./PreferencesModel.ts";
import { createSystemModel, type SystemModel } from "./SystemModel.ts";
import { watchTab } from "./tab.ts";
import { createToastModel, type ToastModel } from "./ToastModel.ts";
import { createUploadModel, type UploadModel } from "../characters/UploadModel.ts";

/** The one layer over the page that is open, if any. */
export type Layer = "none" | "jobs" | "more" | "keys" | "commands";

/** Everything that lives as long as the tab. Pages reach it with `useApp()`. */
export interface AppModel {
  readonly api: Api;
  readonly router: Router;
  readonly events: Events;
  readonly connection: ConnectionModel;
  readonly jobs: JobsModel;
  readonly characters: CharactersModel;
  readonly library: LibraryModel;
  readonly system: SystemModel;
  readonly uploads: UploadModel;
  readonly away: AwayModel;
  readonly toasts: ToastModel;
  readonly preferences: PreferencesModel;
  /** How long what was deleted can be brought back. */
  readonly keepSeconds: number;
  readonly info: ReadonlySignal<Info>;
  /** fast-test mode: nothing on this page comes from a GPU. */
  readonly simulated: ReadonlySignal<boolean>;
  /** Milliseconds since 1970 by the server's clock; moves once a second while the tab is visible. */
  readonly now: ReadonlySignal<number>;
  readonly layer: Signal<Layer>;
  /** The line that opens the tunnel again, shown when the connection is lost; empty while unknown. */
  readonly tunnelCommand: Signal<string>;
  /** The title of the page now open; the document's title follows. */
  readonly pageTitle: Signal<string>;
  /** The id of the job that the page is about, whose progress the document's title tells. */
  readonly pageJob: Signal<string | null>;
  /** Milestones for screen readers. */
  readonly announcement: Signal<string>;
  setMode(mode: Mode): Promise<void>;
  /** Fetches all first-page data anew. */
  reload(): Promise<{ epoch: string; seq: number }>;
  dispose(): void;
}

export interface AppOptions {
  boot: Boot;
  api: Api;
  router: Router;
  connect(query: string): SocketLike;
  store: Storage;
  clock?: SocketClock;
}

const AppContext = createContext<AppModel | null>(null);
export const AppProvider = AppContext.Provider;

export function useApp(): AppModel {
  const app = useContext(AppContext);
  if (!app) throw new Error("This component stands outside of the page's frame.");
  return app;
}

export function createAppModel({ boot, api, router, connect, store, clock }: AppOptions): AppModel {
  const events = createEvents();
  const toasts = createToastModel(boot.keepSeconds);
  const info = signal(boot.info);
  const jobs = createJobsModel(api, events);
  const characters = createCharactersModel(api, events, toasts);
  const library = createLibraryModel(api, events, toasts, info);
  const system = createSystemModel(api, events, boot.status);
  const uploads = createUploadModel({ api, store });
  const preferences = createPreferencesModel(store);
  const announcement = signal("");
  events.on("info.changed", (event) => (info.value = event.info));

  const fill = (data: Boot) => {
    info.value = data.info;
    jobs.reset(data.jobs);
    characters.reset(data.characters);
    library.reset(data.loras);
    system.reset(data.status);
  };
  fill(boot);
  const reload = async () => {
    const next = await api.get<Boot>("/api/boot");
    fill(next);
    return { epoch: next.epoch, seq: next.seq };
  };
  const connection = createConnectionModel({ position: boot, connect, apply: events.emit, refetch: reload, clock });
  const away = createAwayModel({ jobs, connection, store });
  const pageTitle = signal("");
  const pageJob = signal<string | null>(null);
  const stops = [watchMilestones(events, announcement), watchTab({ pageTitle, pageJob, jobs, events }), offerReload(connection, toasts)];
  const time = watchTime();

  return {
    api, router, events, connection, jobs, characters, library, system, uploads, away, toasts, preferences, keepSeconds: boot.keepSeconds,
    info,
    simulated: computed(() => info.value.mode === "fast-test"),
    now: time.now,
    layer: signal<Layer>("none"),
    tunnelCommand: watchTunnelCommand(api, connection, store),
    pageTitle,
    pageJob,
    announcement,
    async setMode(mode) {
      await api.post("/api/mode", { mode });
      await reload();
    },
    reload,
    dispose() {
      time.stop();
      for (const stop of stops) stop();
      away.dispose();
      connection.dispose();
      uploads.dispose();
      preferences.dispose();
      toasts.dispose();
    },
  };
}

const tunnelKey = "isengard.tunnel";

/** Asked for while there is a connection, since it is needed when there is none. */
function watchTunnelCommand(api: Api, connection: ConnectionModel, store: Storage): Signal<string> {
  const command = signal(store.getItem(tunnelKey) ?? "");
  let asked = false;
  effect(() => {
    if (asked || connection.state.value.kind !== "live") return;
    asked = true;
    api.get<Settings>("/api/settings").then(
      (settings) => {
        command.value = settings.tunnelCommand;
        store.setItem(tunnelKey, settings.tunnelCommand);
      },
      // The Settings page shows this error; here the last known command stays.
      () => undefined,
    );
  });
  return command;
}

function watchTime(): { now: ReadonlySignal<number>; stop: () => void } {
  const now = signal(Date.now());
  const timer = setInterval(() => {
    if (document.visibilityState !== "hidden") now.value = Date.now();
  }, 1000);
  return { now, stop: () => clearInterval(timer) };
}

function offerReload(connection: ConnectionModel, toasts: ToastModel): () => void {
  return effect(() => {
    if (!connection.updated.value) return;
    // Showing it reads the toasts too, which must not become a reason to show it again.
    untracked(() => toasts.show("Isengard was updated.", { sticky: true, action: { label: "Reload", run: () => location.reload() } }));
  });
}
