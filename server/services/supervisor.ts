import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { OutputLine, ServiceHandle, ServiceSpec } from "../../plugins/plugin.ts";
import type { ServiceStatus } from "../contract/system.ts";
import { ServiceUnavailable } from "../contract/service-unavailable.ts";
import type { Service } from "../base/lifecycle.ts";
import type { Log } from "../base/log.ts";
import { AttachedService } from "./attached-service.ts";
import { realClock } from "../base/wait.ts";
import type { Clock } from "../base/wait.ts";
import { OwnedService } from "./owned-service.ts";
import type { SupervisedService } from "./owned-service.ts";
import { ServiceStore } from "./store.ts";

export interface SupervisorOptions {
  readonly specs: readonly ServiceSpec[];
  /** Each tool gets a folder of its name in here. */
  readonly dir: string;
  /** How to run this program again, for holders. */
  readonly self: readonly string[];
  /** Renewed by a server while it lives: a tool ends by itself when none was there for half an hour. */
  readonly serverFile: string;
  readonly log: Log;
  onChange(status: ServiceStatus): void;
  /** Each piece of a tool's output, from its first byte on also when it was adopted. */
  onLine?(name: string, line: OutputLine): void;
  readonly clock?: Clock;
}

/** Looks after the long-lived tools: started on demand, watched, restarted, stopped when idle, adopted by the next server. */
export class Supervisor implements Service {
  readonly name = "supervisor";
  private readonly services: ReadonlyMap<string, SupervisedService>;

  constructor(options: SupervisorOptions) {
    this.services = new Map(options.specs.map((spec) => [spec.name, superviseOne(spec, options)]));
  }

  /**
   * Stops every tool in `dir` that an earlier server left running, whatever it is now configured as: for the folder of a
   * mode that is no longer used. Resolves when nothing of them is left. A tool that cannot be stopped is logged.
   */
  static async stopLeftovers(dir: string, options: Pick<SupervisorOptions, "self" | "log"> & { readonly detach?: AbortSignal }): Promise<void> {
    const { self, log, detach } = options;
    const clear = async (name: string) => {
      try {
        await new ServiceStore(join(dir, name)).clearLeftover(self, log, detach);
      } catch (error) {
        if (!detach?.aborted) log.error("service.failed", "A tool of another mode could not be stopped.", { service: name, error });
      }
    };
    await Promise.all(foldersIn(dir).map(clear));
  }

  /** Adopts tools that an earlier server started; does not wait until they are ready. */
  async start(): Promise<void> {
    await Promise.all([...this.services.values()].map((service) => service.start()));
  }

  /** Lets go of the tools; they run on. */
  async stop(): Promise<void> {
    await Promise.all([...this.services.values()].map((service) => service.detach()));
  }

  /** Waits until the tool is ready. Throws ServiceUnavailable with the reason, the reason of `signal`, or Detached. */
  async acquire(name: string, signal?: AbortSignal): Promise<ServiceHandle> {
    return this.find(name).acquire(signal);
  }

  /** Resolves when nothing of the tool is left. A second call while it stops takes the next rung of the ladder at once. */
  async stopService(name: string, why: string): Promise<void> {
    await this.find(name).stop(why);
  }

  /** Forgets earlier crashes, so that a tool that was given up may be acquired again. */
  clear(name: string): void {
    this.find(name).clear();
  }

  statuses(): ServiceStatus[] {
    return [...this.services.values()].map((service) => service.status);
  }

  private find(name: string): SupervisedService {
    const service = this.services.get(name);
    if (!service) throw new ServiceUnavailable(`There is no tool with the name ${name} in this mode.`);
    return service;
  }
}

function foldersIn(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

function superviseOne(spec: ServiceSpec, options: SupervisorOptions): SupervisedService {
  const { self, serverFile, log, onChange, onLine, clock = realClock } = options;
  const one = { spec, dir: join(options.dir, spec.name), self, serverFile, log, clock, onChange, onLine: (line: OutputLine) => onLine?.(spec.name, line) };
  return spec.attachUrl === null ? new OwnedService(one) : new AttachedService(one, spec.attachUrl);
}
