import type { ServiceHandle } from "../../plugins/plugin.ts";
import { ServiceUnavailable } from "../contract/service-unavailable.ts";
import type { SupervisedOptions, SupervisedService } from "./owned-service.ts";
import { ask } from "./ready.ts";
import { ServiceDesk } from "./desk.ts";
import { StatusBoard } from "./status.ts";
import { ServiceStore } from "./store.ts";

const askInUseMs = 5_000;
const askIdleMs = 8_000;
const missesInUse = 12;
/** One question in the middle of a model's load is often late; two in a row are said on the page. */
const missesUnsaid = 1;

/** A tool that somebody else runs under an address: it is only asked, never started or stopped. */
export class AttachedService implements SupervisedService {
  private readonly board: StatusBoard;
  private readonly store: ServiceStore;
  private readonly desk: ServiceDesk;
  private readonly leaving = new AbortController();
  private gone = new AbortController();
  private losses = 0;
  private misses = 0;
  /** Its jobs keep what they have, also while it is deaf for a while and the page says so. */
  private held = false;
  private loop: Promise<void> | null = null;

  constructor(private readonly options: SupervisedOptions, private readonly url: string) {
    this.board = new StatusBoard(options.spec, options.onChange, "unreachable", "It was not asked yet.");
    this.store = new ServiceStore(options.dir);
    this.desk = new ServiceDesk(() => Promise.reject(new ServiceUnavailable(this.foreign())), () => {});
  }

  get status() {
    return this.board.status;
  }

  /** A tool of ours that an earlier configuration left running is stopped. */
  async start(): Promise<void> {
    const { self, log } = this.options;
    this.loop = this.watch(this.store.clearLeftover(self, log, this.leaving.signal));
  }

  async acquire(signal?: AbortSignal): Promise<ServiceHandle> {
    signal?.throwIfAborted();
    await this.look();
    signal?.throwIfAborted();
    if (!this.held) throw new ServiceUnavailable(this.status.detail);
    return this.desk.hand({ url: this.url, dir: null, instance: `${this.url}#${this.losses}`, gone: this.gone.signal });
  }

  stop(): Promise<void> {
    // Nothing of ours runs: whoever wants its memory back has to ask the tool itself.
    return Promise.resolve();
  }

  clear(): void {
    // There is no crash history of a tool that we never start.
  }

  async detach(): Promise<void> {
    this.leaving.abort();
    await this.loop;
  }

  private async watch(cleared: Promise<void>): Promise<void> {
    const { log, clock, spec } = this.options;
    try {
      await cleared;
    } catch (error) {
      if (!this.leaving.signal.aborted) log.error("service.failed", `A ${spec.label} of ours could not be stopped.`, { service: spec.name, error });
    }
    while (!this.leaving.signal.aborted) {
      await this.look();
      await clock.sleep(this.desk.inUse ? askInUseMs : askIdleMs, this.leaving.signal);
    }
  }

  private async look(): Promise<void> {
    const { spec } = this.options;
    const result = await ask(() => spec.probe(this.url, this.store.place(portOf(this.url))));
    if (this.leaving.signal.aborted) return;
    if (result.ready) {
      this.misses = 0;
      this.held = true;
      if (this.board.state !== "attached") this.board.set("attached", "Running elsewhere.", { version: result.version, port: portOf(this.url) });
      return;
    }
    this.misses += 1;
    // A tool in use may be deaf while it loads a model; its jobs are not torn away at once.
    const spared = this.held && this.desk.inUse && this.misses < missesInUse;
    if (this.held && !spared) this.lose();
    if (spared && this.misses <= missesUnsaid) return;
    this.board.set("unreachable", `${spec.label} at ${shown(this.url)} cannot be used now. ${result.why}`);
  }

  private lose(): void {
    this.held = false;
    this.losses += 1;
    this.gone.abort();
    this.gone = new AbortController();
  }

  private foreign(): string {
    return `${this.options.spec.label} at ${shown(this.url)} was not started by Isengard, so it cannot restart it. Restart it where it runs.`;
  }
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return Number(port) || (protocol === "https:" ? 443 : 80);
}

/** Without user and password. */
function shown(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}
