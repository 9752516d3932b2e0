import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { JobProgress } from "../../server/contract/job.ts";
import { childEnvironment } from "../../server/process/environment.ts";
import { identify } from "../../server/process/identity.ts";
import { stopRun, sweep } from "../../server/process/kill.ts";
import { LineSplitter } from "../../server/process/lines.ts";
import { findMarked } from "../../server/process/marker.ts";
import { signalName, spawnPty } from "../../server/process/pty.ts";
import type { TrainingHost } from "../interfaces/training.ts";
import type { ExitOutcome, FoundArtifact, OutputLine, ServiceHandle, StopRung, ToolCommand } from "../plugin.ts";

export type Update = Omit<JobProgress, "updatedAt" | "etaSeconds">;

/**
 * A job whose children run directly under the test, on a real terminal and with the real stop ladder. What a server
 * would keep over its own restart is kept here; each `host()` is what a newly started server would hand out.
 */
export class TestJob {
  readonly id = `job-${crypto.randomUUID().slice(0, 8)}`;
  readonly dir: string;
  readonly memory = new Map<string, string>();
  readonly artifacts = new Map<string, FoundArtifact>();
  readonly metrics = new Map<string, Map<number, number>>();
  readonly warnings = new Set<string>();
  readonly children = new Map<string, TestChild>();
  /** Factor on the waiting times of the stop ladder, so that a test need not wait a minute. */
  readonly ladder: number;

  constructor(root: string, options: { ladder?: number } = {}) {
    this.dir = join(root, this.id);
    this.ladder = options.ladder ?? 1;
    mkdirSync(this.dir, { recursive: true });
  }

  host(attempt = 1): TestHost {
    return new TestHost(this, attempt);
  }

  /** Processes of this job that are still there. */
  leftovers(): number {
    return [...this.children.values()].reduce((count, child) => count + findMarked(child.runId).length, 0);
  }

  /** Ends whatever a failed test left. */
  async dispose(): Promise<void> {
    for (const child of this.children.values()) await sweep({ runId: child.runId, leader: null });
  }
}

export class TestHost implements TrainingHost {
  readonly attemptDir: string;
  readonly updates: Update[] = [];
  readonly lines: string[] = [];
  readonly #job: TestJob;
  readonly #abort = new AbortController();
  readonly #pause = new AbortController();
  /** A host of a server that died: nothing that is told to it arrives anywhere. */
  #gone = false;

  constructor(job: TestJob, readonly attempt: number) {
    this.#job = job;
    this.attemptDir = join(job.dir, `attempt-${attempt}`);
    mkdirSync(this.attemptDir, { recursive: true });
  }

  get jobId(): string { return this.#job.id; }
  get correlationId(): string { return `test-${this.#job.id}`; }
  get jobDir(): string { return this.#job.dir; }
  get signal(): AbortSignal { return this.#abort.signal; }

  get pauseSignal(): AbortSignal { return this.#pause.signal; }

  pause(): void {
    this.#pause.abort();
  }

  cancel(): void {
    this.#abort.abort();
  }

  /** As a server that is killed: the child goes on, and the promise of `run` never settles. */
  vanish(): void {
    this.#gone = true;
  }

  async run(name: string, command: ToolCommand, onLine: (line: OutputLine) => void, stopChild?: AbortSignal): Promise<ExitOutcome> {
    const key = `${this.attempt}/${name}`;
    let child = this.#job.children.get(key);
    if (child === undefined) {
      child = new TestChild(command, `${this.#job.id}-${this.attempt}-${name}`, this.correlationId, this.#job.ladder);
      this.#job.children.set(key, child);
    }
    child.follow((line) => {
      if (this.#gone) return;
      this.lines.push(line.text);
      onLine(line);
    });
    const stop = () => {
      if (!this.#gone) child.stop();
    };
    if (this.signal.aborted) stop();
    else this.signal.addEventListener("abort", stop, { once: true });
    stopChild?.addEventListener("abort", stop, { once: true });
    const outcome = await child.ended;
    return this.#gone ? await new Promise<never>(() => {}) : outcome;
  }

  service(): Promise<ServiceHandle> {
    throw new Error("A training needs no service.");
  }

  progress(update: Update): void {
    if (!this.#gone) this.updates.push(update);
  }

  metrics(key: string, points: ReadonlyArray<readonly [number, number]>): void {
    const series = this.#job.metrics.get(key) ?? new Map<number, number>();
    for (const [step, value] of points) series.set(step, value);
    this.#job.metrics.set(key, series);
  }

  metricsUndone(afterStep: number): void {
    for (const series of this.#job.metrics.values()) for (const step of series.keys()) if (step > afterStep) series.delete(step);
  }

  artifact(found: FoundArtifact): void {
    if (!this.#gone) this.#job.artifacts.set(found.name, found);
  }

  artifactGone(name: string): void {
    if (!this.#gone) this.#job.artifacts.delete(name);
  }

  log(): void { /* The suite looks at outcomes, not at our own log. */ }

  warn(sentence: string): void {
    this.#job.warnings.add(sentence);
  }

  remember(key: string, value: string): void {
    if (!this.#gone) this.#job.memory.set(key, value);
  }

  recall(key: string): string | null {
    return this.#job.memory.get(key) ?? null;
  }
}

/** One child on a terminal, with all its output kept for those who come later. */
class TestChild {
  readonly ended: Promise<ExitOutcome>;
  readonly pid: number;
  readonly runId: string;
  readonly #rungs: StopRung[];
  readonly #lines: OutputLine[] = [];
  readonly #followers = new Set<(line: OutputLine) => void>();
  #stopped: Promise<void> | null = null;

  constructor(command: ToolCommand, runId: string, correlationId: string, ladder: number) {
    this.runId = `${runId}-${crypto.randomUUID().slice(0, 8)}`;
    this.#rungs = command.stop.map((rung) => ({ ...rung, waitMs: rung.waitMs * ladder }));
    const env = childEnvironment(command.env, this.runId, correlationId);
    const pty = spawnPty(command.file, command.args, { cwd: command.cwd, env, cols: command.columns, rows: 40 });
    this.pid = pty.pid;
    const splitter = new LineSplitter();
    const tell = (lines: OutputLine[]) => {
      for (const line of lines) {
        this.#lines.push(line);
        for (const follower of this.#followers) follower(line);
      }
    };
    pty.onData((bytes) => tell(splitter.push(bytes)));
    this.ended = new Promise((resolve) => {
      pty.onExit(async ({ exitCode, signal }) => {
        tell(splitter.end());
        const stopped = this.#stopped !== null;
        await (this.#stopped ?? sweep({ runId: this.runId, leader: null }));
        resolve(signal === 0 ? { kind: "exited", code: exitCode, stopped } : { kind: "signalled", signal: signalName(signal), stopped });
      });
    });
  }

  follow(onLine: (line: OutputLine) => void): void {
    for (const line of this.#lines) onLine(line);
    this.#followers.add(onLine);
  }

  stop(): void {
    this.#stopped ??= stopRun({ runId: this.runId, leader: identify(this.pid), rungs: this.#rungs }).done;
  }
}
