import type { ExitOutcome, OutputLine, ServicePlace, ToolCommand } from "../../plugins/plugin.ts";
import type { Failure } from "../contract/job.ts";
import { ServiceCrash } from "../contract/service-unavailable.ts";
import type { Log } from "../base/log.ts";
import { findMarked } from "../process/marker.ts";
import { findPortOwner } from "./port.ts";
import { Detached, runHeld } from "../process/run.ts";
import { serverAwayMs } from "../process/server-watch.ts";
import { isShortSupply, shortSupplyWords } from "../process/short-supply.ts";

export interface ServiceRunOptions {
  readonly runId: string;
  readonly dir: string;
  readonly place: ServicePlace;
  readonly command: ToolCommand;
  readonly self: readonly string[];
  readonly detach: AbortSignal;
  readonly log: Log;
  /** What tells the tool's holder that a server is there. */
  readonly serverFile: string;
  explain(outcome: ExitOutcome, tail: readonly string[]): Failure;
  onStarted(pid: number): void;
  onLine(line: OutputLine): void;
}

export interface StopReason {
  readonly why: string;
  readonly again: boolean;
}

const tailLines = 200;
const tailLineLength = 2_000;

/** One start of a tool, from its spawn or adoption to its end. */
export class ServiceRun {
  readonly place: ServicePlace;
  readonly instance: string;
  /** Aborted when the tool ended, with a `ServiceCrash`, or is asked to stop. Not when the server leaves: the tool keeps what it holds. */
  readonly gone = new AbortController();
  /** Aborted when there is nothing more to watch: like `gone`, and when the server leaves. */
  readonly over = new AbortController();
  /** Set when we end it on purpose; `again`: it is to be started anew at once. */
  stopReason: StopReason | null = null;
  /** Resolved by whoever started it, once its end was taken note of. */
  readonly settled = Promise.withResolvers<void>();
  /** null: the server left, the tool lives on. Never rejects. */
  readonly ended: Promise<ExitOutcome | null>;
  private readonly stopping = new AbortController();
  /** Bytes of output so far. */
  printed = 0;
  private readonly lines: string[] = [];
  private escalate: (() => void) | null = null;

  constructor(private readonly options: ServiceRunOptions) {
    this.place = options.place;
    this.instance = options.runId;
    this.ended = this.run();
  }

  get url(): string {
    return `http://127.0.0.1:${this.place.port}`;
  }

  /** The last lines, without those that were painted over. */
  get tail(): readonly string[] {
    return this.lines;
  }

  /** Walks down the stop ladder; a second call takes the next rung at once. Resolves when nothing is left. */
  async stop(): Promise<void> {
    if (this.stopping.signal.aborted) this.escalate?.();
    this.stopping.abort();
    this.gone.abort();
    this.over.abort();
    await this.ended;
  }

  /** Whether somebody else answers on our port. */
  isPortStrange(): boolean {
    const owner = findPortOwner(this.place.port);
    return owner !== null && owner.pid !== null && !findMarked(this.instance).some((each) => each.pid === owner.pid);
  }

  private async run(): Promise<ExitOutcome | null> {
    const outcome = await this.hold();
    if (outcome !== null) this.gone.abort(new ServiceCrash(this.options.explain(outcome, this.lines)));
    this.over.abort();
    return outcome;
  }

  private async hold(): Promise<ExitOutcome | null> {
    const { dir, runId, self, command, detach, log, serverFile, onStarted } = this.options;
    try {
      return await runHeld({
        dir, runId, correlationId: runId, self, command, detach, log,
        server: { file: serverFile, awayMs: serverAwayMs },
        signal: this.stopping.signal,
        onLine: (line) => this.take(line),
        onStarted: (holder) => onStarted(holder.childPid),
        onStopping: ({ escalate }) => { this.escalate = escalate; },
      });
    } catch (error) {
      if (error instanceof Detached) return null;
      if (isShortSupply(error)) return { kind: "not-started", why: shortSupplyWords(error), passing: true };
      return { kind: "not-started", why: error instanceof Error ? error.message : String(error) };
    }
  }

  private take(line: OutputLine): void {
    this.options.onLine(line);
    this.printed = line.offset;
    if (line.redraw) return;
    this.lines.push(line.text.slice(0, tailLineLength));
    if (this.lines.length > tailLines) this.lines.shift();
  }
}
