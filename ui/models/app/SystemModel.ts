import { signal, type ReadonlySignal } from "@preact/signals";
import type { SystemStatus } from "../../../server/contract/system.ts";
import type { Api } from "../../api.ts";
import type { Events } from "../../events.ts";

/** Checks that are older than this may be wrong by now. */
const oldMs = 60_000;

export interface SystemModel {
  readonly status: ReadonlySignal<SystemStatus>;
  /** Asks the server for what it knows. */
  refresh(): Promise<void>;
  /** Has the server look again at everything it can check, now. */
  checkAgain(): Promise<void>;
  /** For a page that is opened: looks again when what is known has become old. */
  freshen(): void;
  reset(status: SystemStatus): void;
}

export function createSystemModel(api: Api, events: Events, initial: SystemStatus): SystemModel {
  const status = signal(initial);
  let knownAt = Date.now();
  const ask = async (path: string) => {
    status.value = await api.get<SystemStatus>(path);
    knownAt = Date.now();
  };
  const refresh = () => ask("/api/status");
  // A look that fails leaves what was known, with its age.
  const lookAgain = () => void refresh().catch(() => undefined);
  events.on("gpu.changed", ({ gpu }) => {
    const isNews = gpu.state !== status.value.gpu.state;
    status.value = { ...status.value, gpu };
    // The list of checks speaks of the GPU too.
    if (isNews) lookAgain();
  });
  events.on("service.changed", ({ service }) => {
    const known = status.value.services.some((other) => other.name === service.name);
    const services = known
      ? status.value.services.map((other) => (other.name === service.name ? service : other))
      : [...status.value.services, service];
    status.value = { ...status.value, services };
  });
  events.on("checks.changed", lookAgain);
  return {
    status,
    refresh,
    checkAgain: () => ask("/api/status?fresh=true"),
    freshen: () => Date.now() - knownAt > oldMs && lookAgain(),
    reset(next) {
      status.value = next;
      knownAt = Date.now();
    },
  };
}
