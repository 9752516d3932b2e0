import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { JobProgress } from "../../contract/job.ts";
import type { LogLevel } from "../../contract/log.ts";
import type { OutputSettings } from "../../contract/output.ts";
import type { Bus } from "../../events/bus.ts";
import type { ImageHost } from "../../../plugins/interfaces/image.ts";
import type { TrainingHost } from "../../../plugins/interfaces/training.ts";
import type { ExitOutcome, FoundArtifact, OutputLine, ServiceHandle, ToolCommand } from "../../../plugins/plugin.ts";
import type { JobLibrary, JobLogWriter, RunChild, Services } from "../ports.ts";
import { laneEnvironment } from "../admit/lane-names.ts";
import { AttemptChildren } from "./attempt-children.ts";
import { AttemptLog } from "./attempt-log.ts";
import { LetGo } from "./let-go.ts";
import { PreviewGate } from "./preview-gate.ts";
import { ProgressMeter, type ProgressUpdate } from "./progress-meter.ts";
import type { JobNotes } from "../store/notes.ts";
import type { SecondPress } from "./second-press.ts";
import type { Claim } from "../store/rows.ts";

export interface HostParts {
  readonly notes: JobNotes;
  readonly bus: Bus;
  readonly library: JobLibrary;
  readonly services: Services;
  readonly runChild: RunChild;
  readonly secondPress: SecondPress;
  /** Told each error of the disk or the databases that a job lives through. */
  onStorageFault(error: unknown): void;
  readonly self: readonly string[];
  /** The folder that holds one folder for each job. */
  readonly jobsDir: string;
}

export interface HostSignals {
  readonly stop: AbortSignal;
  readonly pause: AbortSignal;
  /** The server lets go of the job; its children live on. */
  readonly detach: AbortSignal;
}

/** What one attempt of one job may do. Every call checks that this attempt still is the one that may. */
export class JobHost implements ImageHost, TrainingHost {
  readonly jobId: string;
  readonly attempt: number;
  readonly correlationId: string;
  readonly jobDir: string;
  readonly attemptDir: string;
  readonly signal: AbortSignal;
  readonly pauseSignal: AbortSignal;
  private readonly detach: AbortSignal;
  private readonly meter: ProgressMeter;
  private readonly previews: PreviewGate;
  private readonly handles = new Set<ServiceHandle>();
  private readonly children: AttemptChildren;
  private readonly talk: AttemptLog;

  constructor(
    private readonly claim: Claim,
    private readonly parts: HostParts,
    private readonly jobLog: JobLogWriter,
    signals: HostSignals,
    /** Called when the tool really begins: a child or a service is used, or progress comes. May be called often. */
    private readonly onWork: () => void,
  ) {
    this.jobId = claim.job.id;
    this.attempt = claim.run;
    this.signal = signals.stop;
    this.pauseSignal = signals.pause;
    this.detach = signals.detach;
    this.correlationId = claim.job.correlationId;
    this.jobDir = join(parts.jobsDir, this.jobId);
    this.attemptDir = join(this.jobDir, `attempt-${this.attempt}`);
    mkdirSync(this.attemptDir, { recursive: true, mode: 0o700 });
    const { bus, notes } = parts;
    this.talk = new AttemptLog({ jobId: this.jobId, attempt: this.attempt, notes, jobLog });
    this.children = new AttemptChildren({
      ...parts, jobLog, jobId: this.jobId, attempt: this.attempt, attemptDir: this.attemptDir, correlationId: this.correlationId,
      signal: this.signal, detach: this.detach,
    });
    this.meter = new ProgressMeter({
      publish: (progress) => notes.showProgress(this.jobId, progress),
      save: (progress) => this.saveProgress(progress),
    });
    this.previews = new PreviewGate((index, dataUrl) => bus.publish({ type: "job.preview", jobId: this.jobId, index, dataUrl }));
  }

  async run(name: string, command: ToolCommand, onLine: (line: OutputLine) => void, stop?: AbortSignal): Promise<ExitOutcome> {
    this.assertMine();
    this.onWork();
    return this.children.run(name, { ...command, env: { ...command.env, ...laneEnvironment(this.claim.lane) } }, this.talk.tolerant(onLine), stop);
  }

  async service(name: string): Promise<ServiceHandle> {
    this.assertMine();
    this.onWork();
    const handle = await this.parts.services.acquire(name, AbortSignal.any([this.signal, this.detach]));
    this.handles.add(handle);
    return handle;
  }

  progress(update: ProgressUpdate): void {
    this.assertMine();
    this.onWork();
    this.meter.update(update);
  }

  metrics(key: string, points: ReadonlyArray<readonly [step: number, value: number]>): void {
    this.assertMine();
    this.parts.library.putMetrics(this.jobId, key, points);
  }

  metricsUndone(afterStep: number): void {
    this.assertMine();
    this.parts.library.undoMetrics(this.jobId, afterStep);
  }

  artifact(found: FoundArtifact): void {
    this.assertMine();
    this.parts.library.putArtifact(this.jobId, found);
  }

  artifactGone(name: string): void {
    this.assertMine();
    this.parts.library.dropArtifact(this.jobId, name);
  }

  log(level: LogLevel, event: string, message: string, fields?: Record<string, unknown>): void {
    this.assertMine();
    this.talk.say(level, event, message, fields);
  }

  warn(sentence: string): void {
    this.assertMine();
    this.parts.notes.addWarning(this.jobId, this.claim.token, sentence);
  }

  remember(key: string, value: string): void {
    this.assertMine();
    this.parts.notes.remember(this.jobId, `tool.${key}`, value);
  }

  recall(key: string): string | null {
    return this.parts.notes.recall(this.jobId, `tool.${key}`);
  }

  preview(index: number, bytes: Uint8Array): void {
    this.assertMine();
    this.previews.offer(index, bytes);
  }

  async output(index: number, bytes: Uint8Array, settings: OutputSettings): Promise<void> {
    this.assertMine();
    const { library, notes } = this.parts;
    const { characterId, simulated } = this.claim.job;
    const marked: OutputSettings = simulated ? { ...settings, simulated: true } : settings;
    const output = await library.storeOutput({ jobId: this.jobId, index, characterId, bytes, settings: marked });
    this.assertMine();
    notes.addResult(this.jobId, this.claim.token, output.id);
  }

  hasOutput(index: number): boolean {
    return this.parts.library.hasOutput(this.jobId, index);
  }

  /** Stops what a handler left running when it threw: a job may not end while a child of it lives. */
  endChildren(): Promise<void> {
    return this.children.end();
  }

  /** The end of this attempt in this server: held-back progress goes out, services are given back, the log is closed. */
  close(): void {
    this.previews.close();
    for (const handle of this.handles) handle.release();
    this.handles.clear();
    try {
      this.meter.flush();
    } finally {
      this.parts.notes.endProgress(this.jobId);
      this.jobLog.close();
    }
  }

  /** Called by a timer too, where nobody could catch: a full disk costs the progress of this second and nothing else. */
  private saveProgress(progress: JobProgress): void {
    try {
      this.parts.notes.saveProgress(this.jobId, this.claim.token, progress);
    } catch (error) {
      this.parts.onStorageFault(error);
    }
  }

  private assertMine(): void {
    if (this.detach.aborted) throw new LetGo("The server is going down; the job goes on after its next start.");
    if (!this.parts.notes.holds(this.jobId, this.claim.token)) throw new LetGo(`Another run of the job ${this.jobId} has taken over.`);
  }
}
