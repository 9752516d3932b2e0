import type { OutputLine, ServiceHandle, ServiceSpec } from "../../plugins/plugin.ts";
import type { Failure } from "../contract/job.ts";
import type { ServiceStatus } from "../contract/system.ts";
import { ServiceUnavailable } from "../contract/service-unavailable.ts";
import type { Log } from "../base/log.ts";
import { CrashHistory, maxCrashes } from "./backoff.ts";
import type { Clock } from "../base/wait.ts";
import { Detached } from "../process/run.ts";
import { ServiceDesk } from "./desk.ts";
import type { ReadyTool } from "./desk.ts";
import { beginRun, live, prepareStart, unfit } from "./life.ts";
import type { LifeEnd, LifeOptions, Start } from "./life.ts";
import type { ServiceRun, StopReason } from "./start.ts";
import { StatusBoard } from "./status.ts";
import { isSameCommand, ServiceStore } from "./store.ts";

export interface SupervisedOptions {
  readonly spec: ServiceSpec;
  readonly dir: string;
  readonly self: readonly string[];
  /** Renewed by a server while it lives. */
  readonly serverFile: string;
  readonly log: Log;
  readonly clock: Clock;
  onChange(status: ServiceStatus): void;
  onLine(line: OutputLine): void;
}

/** A tool under the supervisor's eyes, run by us or only spoken to. */
export interface SupervisedService {
  readonly status: ServiceStatus;
  start(): Promise<void>;
  acquire(signal?: AbortSignal): Promise<ServiceHandle>;
  stop(why: string): Promise<void>;
  clear(): void;
  detach(): Promise<void>;
}

const portTries = 3;
const atRest = "Starts when needed.";

/** A tool that we start when somebody needs it, watch, start again, and stop when nobody needs it any more. */
export class OwnedService implements SupervisedService {
  private readonly board: StatusBoard;
  private readonly desk: ServiceDesk;
  private readonly store: ServiceStore;
  private readonly life: LifeOptions;
  private readonly history = new CrashHistory();
  private readonly leaving = new AbortController();
  private run: ServiceRun | null = null;
  private loop: Promise<void> | null = null;
  /** Stopped by hand: held handles alone do not start it again, only a new request does. */
  private halted = false;
  private startAfter = 0;
  private idleSince = 0;
  private waking = new AbortController();

  constructor(private readonly options: SupervisedOptions) {
    const { spec, dir, onChange, clock } = options;
    const missing = spec.unavailable();
    this.board = new StatusBoard(spec, onChange, missing === null ? "stopped" : "not-configured", missing ?? atRest);
    this.store = new ServiceStore(dir);
    this.desk = new ServiceDesk((instance, reason) => this.restart(instance, reason), () => this.markIdle());
    this.life = {
      ...options, store: this.store, board: this.board, detach: this.leaving.signal,
      onReady: (run) => this.serve(run),
      inUse: () => this.desk.inUse,
      untilIdleStop: () => (this.desk.wanted ? Infinity : this.idleSince + spec.idleStopMs - clock.now()),
    };
  }

  get status(): ServiceStatus {
    return this.board.status;
  }

  /** Adopts what an earlier server started. What must not go on is stopped, before anything new may start. */
  async start(): Promise<void> {
    const { spec, self, log } = this.options;
    const running = await findAdoptable(this.options, this.store);
    if (running) log.info("service.adopted", `${spec.label} still runs and is used again.`, { service: spec.name, runId: running.runId });
    this.begin(running ? async () => {} : () => this.store.clearLeftover(self, log, this.leaving.signal), running);
  }

  acquire(signal?: AbortSignal): Promise<ServiceHandle> {
    if (this.leaving.signal.aborted) return Promise.reject(new Detached());
    const refusal = this.refusal();
    if (refusal !== null) return Promise.reject(new ServiceUnavailable(refusal, this.status.failure));
    const handle = this.desk.wait(signal);
    this.halted = false;
    if (this.board.state === "ready" && this.run && !this.run.gone.signal.aborted) this.serve(this.run);
    else this.begin();
    return handle;
  }

  async stop(why: string): Promise<void> {
    this.halted = true;
    this.desk.refuse(new ServiceUnavailable(`${this.options.spec.label} was stopped: ${why}`));
    await this.end({ why, again: false });
  }

  clear(): void {
    this.history.clear();
    this.startAfter = 0;
    this.waking.abort();
    if (this.board.state === "gave-up" || this.board.state === "crashed") this.board.set("stopped", atRest);
  }

  async detach(): Promise<void> {
    this.leaving.abort();
    this.waking.abort();
    this.desk.refuse(new Detached());
    await this.loop;
  }

  private refusal(): string | null {
    const missing = this.options.spec.unavailable();
    if (missing !== null) this.board.set("not-configured", missing);
    return missing ?? (this.board.state === "gave-up" ? this.status.detail : null);
  }

  private async restart(instance: string, why: string): Promise<void> {
    // Another job may have had it restarted already; its new life is not to be disturbed.
    if (this.run?.instance === instance && !this.run.gone.signal.aborted) await this.end({ why, again: true });
  }

  private async end(reason: StopReason): Promise<void> {
    const { run } = this;
    if (!run) {
      this.waking.abort();
      return;
    }
    run.stopReason ??= reason;
    this.board.set("stopping", reason.why);
    await run.stop();
    await run.settled.promise;
  }

  private get wanted(): boolean {
    return this.desk.wanted && !this.halted && !this.leaving.signal.aborted;
  }

  private begin(before: () => Promise<void> = async () => {}, first: Start | null = null): void {
    this.loop ??= this.work(before, first).finally(() => {
      this.loop = null;
      // Somebody may have asked after the loop had looked for the last time.
      if (this.wanted && this.board.state !== "gave-up") this.begin();
    });
  }

  private async work(before: () => Promise<void>, first: Start | null): Promise<void> {
    const { log, spec } = this.options;
    try {
      await before();
      let portsTaken = 0;
      for (let adopted = first; adopted || this.wanted; adopted = null) {
        if (!adopted) await this.untilAllowed();
        if (!adopted && !this.wanted) return;
        const end = await this.once(adopted);
        portsTaken = end.kind === "port-taken" ? portsTaken + 1 : 0;
        const again = this.takeNote(end, portsTaken);
        this.run?.settled.resolve();
        this.run = null;
        if (!again) return;
      }
    } catch (error) {
      if (this.leaving.signal.aborted) return;
      log.error("service.failed", `Looking after ${spec.label} failed.`, { service: spec.name, error });
      const why = `Isengard could not look after ${spec.label}: ${(error as Error).message}`;
      this.giveUp(why, unfit(spec.label, why));
    }
  }

  private async once(adopted: Start | null): Promise<LifeEnd> {
    const { spec } = this.options;
    let start: Start;
    try {
      start = adopted ?? (await prepareStart(spec, this.store));
    } catch (error) {
      return { kind: "crashed", failure: unfit(spec.label, `${spec.label} could not be started: ${(error as Error).message}`) };
    }
    if (!adopted && !this.wanted) return { kind: "stopped", why: atRest, again: false };
    const detail = adopted ? "It still runs; asking whether it is ready." : "Starting.";
    this.board.set("starting", detail, { pid: null, port: start.port, version: null });
    this.run = beginRun(start, this.life);
    return live(this.run, this.life);
  }

  /** false: no further start now. */
  private takeNote(end: LifeEnd, portsTaken: number): boolean {
    switch (end.kind) {
      case "left": return false;
      case "stopped":
        this.board.set("stopped", end.why);
        return end.again;
      case "port-taken":
        return portsTaken < portTries || this.crashed(noPort(this.options.spec.label));
      case "crashed": return this.crashed(end.failure);
    }
  }

  private crashed(failure: Failure): boolean {
    const { clock, log, spec } = this.options;
    const { why, code } = failure;
    const verdict = this.history.crashed(clock.now());
    log.warn("service.crashed", why, { service: spec.name, class: code, giveUp: verdict.giveUp });
    if (verdict.giveUp) {
      this.giveUp(`${why} It ended ${maxCrashes} times within ten minutes, so it is not started again by itself. Remove the cause, then press Start beside it in Settings.`, failure);
      return false;
    }
    this.startAfter = clock.now() + verdict.delayMs;
    this.board.set("crashed", `${why} It is started again when it is needed, at the earliest in ${Math.ceil(verdict.delayMs / 1000)} s.`, { failure });
    return true;
  }

  private giveUp(why: string, failure: Failure): void {
    this.board.set("gave-up", why, { failure });
    this.desk.refuse(new ServiceUnavailable(why, failure));
  }

  private async untilAllowed(): Promise<void> {
    const { clock } = this.options;
    this.waking = new AbortController();
    while (clock.now() < this.startAfter && this.wanted) await clock.sleep(this.startAfter - clock.now(), this.waking.signal);
  }

  private serve(run: ServiceRun): void {
    const tool: ReadyTool = { url: run.url, dir: run.place.dir, instance: run.instance, gone: run.gone.signal };
    this.desk.serve(tool);
    this.markIdle();
  }

  private markIdle(): void {
    if (!this.desk.wanted) this.idleSince = this.options.clock.now();
  }
}

/** What runs and is the program that would be started now; null: nothing of that kind. */
async function findAdoptable({ spec, log }: SupervisedOptions, store: ServiceStore): Promise<Start | null> {
  try {
    const running = spec.unavailable() === null ? store.findRunning() : null;
    if (!running) return null;
    return isSameCommand(running.command, await spec.command(store.place(running.port))) ? running : null;
  } catch (error) {
    // The tool can no longer be started like this, or its records are damaged: the next start tells why.
    log.warn("service.not-adopted", `${spec.label} is not taken over from an earlier start.`, { service: spec.name, error });
    return null;
  }
}

function noPort(label: string): Failure {
  return {
    code: "port", what: `${label} found no free port.`, why: "Other programs took each port that was chosen for it.",
    fix: "Look at what listens on this machine; the next start tries other ports.", tail: [],
  };
}
