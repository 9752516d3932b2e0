import type { ServiceState, ServiceStatus } from "../contract/system.ts";
import type { ServiceSpec } from "../../plugins/plugin.ts";

/** What is known of a tool, told to `onChange` whenever it changes. */
export class StatusBoard {
  private current: ServiceStatus;

  constructor(spec: ServiceSpec, private readonly onChange: (status: ServiceStatus) => void, state: ServiceState, detail: string) {
    const since = new Date().toISOString();
    this.current = { name: spec.name, label: spec.label, state, detail, pid: null, port: null, version: null, since };
  }

  get status(): ServiceStatus {
    return this.current;
  }

  get state(): ServiceState {
    return this.current.state;
  }

  /**
   * Facts that are not named stay, except that a tool that does not run has no process, port and version. A failure is
   * only told together with the state that it led to.
   */
  set(state: ServiceState, detail: string, facts: Partial<Pick<ServiceStatus, "pid" | "port" | "version" | "failure">> = {}): void {
    const runs = state === "starting" || state === "ready" || state === "stopping";
    const { pid, port, version } = this.current;
    const kept = runs ? { pid, port, version } : { pid: null, port: null, version: null };
    const since = state === this.current.state ? this.current.since : new Date().toISOString();
    const { failure: _, ...before } = this.current;
    this.current = { ...before, ...kept, ...facts, state, detail, since };
    this.onChange(this.current);
  }
}
