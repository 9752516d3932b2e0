import { signal, type ReadonlySignal } from "@preact/signals";
import type { Check, SystemStatus } from "../../server/contract/system.ts";
import type { Api } from "../api.ts";
import type { Events } from "../events.ts";

export interface SystemModel {
  readonly status: ReadonlySignal<SystemStatus>;
  /** Asks the server to look again at everything it can check. */
  refresh(): Promise<void>;
  problems(): readonly Check[];
  reset(status: SystemStatus): void;
}

export function createSystemModel(api: Api, events: Events, initial: SystemStatus): SystemModel {
  const status = signal(initial);
  events.on("gpu.changed", ({ gpu }) => (status.value = { ...status.value, gpu }));
  events.on("service.changed", ({ service }) => {
    const known = status.value.services.some((other) => other.name === service.name);
    const services = known
      ? status.value.services.map((other) => (other.name === service.name ? service : other))
      : [...status.value.services, service];
    status.value = { ...status.value, services };
  });
  return {
    status,
    async refresh() {
      status.value = await api.get<SystemStatus>("/api/status");
    },
    problems: () => status.value.checks.filter((check) => check.state === "error" || check.state === "warning"),
    reset: (next) => (status.value = next),
  };
}
