import { join } from "node:path";
import type { ExitOutcome, OutputLine, ToolCommand } from "../../../plugins/plugin.ts";
import type { JobLogWriter, RunChild } from "../ports.ts";
import type { SecondPress } from "./second-press.ts";

const childName = /^[A-Za-z0-9-]{1,40}$/;

export interface AttemptChildrenParts {
  readonly jobId: string;
  readonly attempt: number;
  readonly attemptDir: string;
  readonly correlationId: string;
  readonly self: readonly string[];
  readonly runChild: RunChild;
  readonly jobLog: JobLogWriter;
  readonly secondPress: SecondPress;
  /** The person's wish to stop. */
  readonly signal: AbortSignal;
  /** The server lets go; the children live on. */
  readonly detach: AbortSignal;
}

/** The children of one attempt, each under a holder in a folder of its own. */
export class AttemptChildren {
  private readonly running = new Set<Promise<ExitOutcome>>();
  private readonly ending = new AbortController();

  constructor(private readonly parts: AttemptChildrenParts) {}

  /** Starts the child of this name or adopts it. `onLine` gets every piece from the first byte on, the log each line once. */
  async run(name: string, command: ToolCommand, onLine: (line: OutputLine) => void, stop?: AbortSignal): Promise<ExitOutcome> {
    if (!childName.test(name)) throw new Error(`A child is named with letters, digits and "-", not ${JSON.stringify(name)}.`);
    const child = this.start(name, command, onLine, stop);
    this.running.add(child);
    try {
      return await child;
    } finally {
      this.running.delete(child);
    }
  }

  /** Stops them all and waits until the last is gone. */
  async end(): Promise<void> {
    this.ending.abort();
    await Promise.allSettled(this.running);
  }

  private start(name: string, command: ToolCommand, onLine: (line: OutputLine) => void, stop?: AbortSignal): Promise<ExitOutcome> {
    const { jobId, attempt, attemptDir, correlationId, self, runChild, signal, detach, secondPress } = this.parts;
    let forget = (): void => {};
    return runChild({
      dir: join(attemptDir, name),
      runId: `${jobId}.${attempt}.${name}`,
      correlationId, self, command, detach,
      signal: AbortSignal.any([signal, this.ending.signal, ...(stop === undefined ? [] : [stop])]),
      onLine: this.logged(`attempt-${attempt}/${name}`, onLine),
      onStopping: ({ escalate }) => (forget = secondPress.offer(jobId, escalate)),
    }).finally(() => forget());
  }

  private logged(run: string, onLine: (line: OutputLine) => void): (line: OutputLine) => void {
    const { jobLog } = this.parts;
    let written = jobLog.lastOffset(run);
    return (line) => {
      if (line.offset > written) {
        if (line.redraw) jobLog.liveLine(line.text);
        else jobLog.write("info", "tool.line", line.text, { run, offset: line.offset });
        written = line.redraw ? written : line.offset;
      }
      onLine(line);
    };
  }
}
