import { turn, withLimit } from "./wait.ts";

/** Something that runs as long as the server. `stop` must resolve within the drain limit and may be called once. */
export interface Service {
  readonly name: string;
  start(): Promise<void> | void;
  stop(): Promise<void> | void;
}

/** Starts in order, with answers in between; stops in reverse, each with what is left of the deadline. A service that hangs is left behind. */
export class Lifecycle {
  private readonly started: Service[] = [];

  async start(services: readonly Service[]): Promise<void> {
    for (const service of services) {
      await turn();
      await service.start();
      this.started.push(service);
    }
  }

  /** Names of services that did not stop in time. */
  async stop(deadlineMs: number): Promise<string[]> {
    const end = performance.now() + deadlineMs;
    const late: string[] = [];
    for (const service of this.started.splice(0).reverse()) {
      const left = Math.max(50, end - performance.now());
      const isLate = await withLimit(Promise.resolve(service.stop()).then(() => false), left, () => true);
      if (isLate) late.push(service.name);
    }
    return late;
  }
}
