import type { LogLevel } from "../contract/log.ts";
import type { Lora } from "../contract/lora.ts";
import type { Output, OutputSettings } from "../contract/output.ts";
import type { Gpu, GpuStatus, ServiceStatus } from "../contract/system.ts";
import type { LoraFault } from "../library/lora-file.ts";
import type { ExitOutcome, FoundArtifact, OutputLine, ServiceHandle, ToolCommand } from "../../plugins/plugin.ts";

/**
 * What jobs need from the floors below, and no more: the tests of the queue put a fake child or library here, while
 * SQLite and the bus are always real.
 */
export interface HeldRun {
  readonly dir: string;
  readonly runId: string;
  readonly correlationId: string;
  readonly self: readonly string[];
  readonly command: ToolCommand;
  readonly signal: AbortSignal;
  readonly detach: AbortSignal;
  readonly onLine: (line: OutputLine) => void;
  /** Called when the stop ladder begins, with the way to take its next rung at once. */
  readonly onStopping: (stop: { escalate(): void }) => void;
}

/** Starts or adopts a child; gives its output from byte 0; rejects when detached, leaving the child alive. */
export type RunChild = (run: HeldRun) => Promise<ExitOutcome>;

export interface Services {
  acquire(name: string, signal?: AbortSignal): Promise<ServiceHandle>;
  stopService(name: string, why: string): Promise<void>;
  statuses(): ServiceStatus[];
}

/** Whoever watches the GPUs. */
export interface GpuKeeper {
  /** The last look; `checkedAt` null: nobody has looked yet. */
  status(): GpuStatus;
  /** A look that begins after this call. Never throws, and takes some seconds at most. */
  fresh(): Promise<GpuStatus>;
  /** Nothing is to begin on this GPU until a person says that it is well. */
  report(gpu: Pick<Gpu, "uuid" | "index">, reason: string): void;
}

export interface JobLogWriter {
  write(level: LogLevel, event: string, message: string, fields?: Record<string, unknown>): void;
  liveLine(text: string): void;
  /** The byte offset of the newest tool line that was written for this run; -1: none yet. */
  lastOffset(run: string): number;
  /** What was written so far is in the file. */
  flush(): void;
  close(): void;
}

export interface JobLogOpener {
  /** Removes a job's log for good. */
  remove(jobId: string): void;
  open(jobId: string, context: { correlationId: string }): JobLogWriter;
}

/** A photo as a training needs it: the file now, and its content by hash. */
export interface StoredPhoto {
  readonly id: string;
  readonly path: string;
  readonly sha256: string;
  readonly mediaType: string;
  readonly caption: string;
  readonly fileName: string;
}

export interface JobLibrary {
  /** null: there is no such character, or it was deleted. */
  character(id: string): { readonly id: string; readonly name: string; readonly triggerWord: string } | null;
  /** Tells the pages that what a character shows (its running job, its newest LoRA) has changed. */
  announceCharacter(id: string): void;
  photos(characterId: string): StoredPhoto[];
  /** Sees that the trainer will read the photos as the page shows them; takes some seconds at most. How many are not ready then. */
  readyPhotos(characterId: string): Promise<number>;
  lora(id: string): { readonly lora: Lora; readonly path: string; readonly fileName: string } | null;
  nextVersion(characterId: string): number;
  /** What is wrong with the file of a LoRA, its values too; null: nothing. */
  loraFault(path: string): Promise<LoraFault | null>;
  /** Reads the file first and throws AppError when it is not whole. Twice for one job gives the LoRA of the first time. */
  publishLora(found: {
    characterId: string; jobId: string; sourceFile: string; steps: number; rank: number | null; baseModel: string; triggerWord: string;
  }): Promise<Lora>;
  hasOutput(jobId: string, index: number): boolean;
  storeOutput(picture: {
    jobId: string; index: number; characterId: string | null; bytes: Uint8Array; settings: OutputSettings;
  }): Promise<Output>;
  /** Removes the series of a job that was removed. */
  forgetJob(jobId: string): void;
  /** All of these publish what is new by themselves. */
  putArtifact(jobId: string, found: FoundArtifact): void;
  dropArtifact(jobId: string, name: string): void;
  putMetrics(jobId: string, key: string, points: ReadonlyArray<readonly [number, number]>): void;
  undoMetrics(jobId: string, afterStep: number): void;
}
