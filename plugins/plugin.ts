import type { Check, Mode } from "../server/contract/system.ts";
import type { Artifact, Failure, JobProgress } from "../server/contract/job.ts";
import type { LogLevel } from "../server/contract/log.ts";
import type { ImageBackend } from "./interfaces/image.ts";
import type { TrainingBackend } from "./interfaces/training.ts";
import type { VideoBackend } from "./interfaces/video.ts";

/** One tool. `create` is called once per start of the server, after the mode is known; it must not touch the disk. */
export interface Plugin {
  readonly name: string;
  /** The version of the tool that the fixtures were recorded against. */
  readonly toolVersion: string;
  create(settings: PluginSettings): PluginParts;
  /** Roles `isengard simulate <name> …` that stand in for the tool in fast-test; the promise is the exit code. */
  readonly simulators: Readonly<Record<string, (args: string[]) => Promise<number>>>;
}

export interface PluginParts {
  training?: TrainingBackend;
  image?: ImageBackend;
  video?: VideoBackend;
  services?: ServiceSpec[];
}

/** What a plugin is told about its surroundings. All paths are absolute. Secrets come as files, never as values. */
export interface PluginSettings {
  readonly mode: Mode;
  /** How to run this executable again, for simulators: program followed by its first arguments. */
  readonly self: readonly string[];
  readonly aiToolkit: { readonly dir: string | null; readonly python: string | null };
  readonly comfyui: { readonly dir: string | null; readonly python: string | null; readonly url: string | null };
  /** The folder that holds every published LoRA; never removed while a server runs. */
  readonly lorasDir: string;
  /** On the disk of Isengard's data: for what a tool downloads and the person has named no place for. Made when it is needed. */
  readonly modelsDir: string;
  /** FLUX.1-dev as a local diffusers folder or a repository id; null: the backend's default. */
  readonly baseModel: string | null;
  readonly hfTokenFile: string | null;
  /** The person has said that the processor will do where there is no GPU. */
  readonly useProcessor?: boolean;
  readonly simulator: { readonly scenario: string; readonly speed: number };
}

/** A program to run. Started from an argument array, never through a shell; `env` is added to an allow-list. */
export interface ToolCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Width of the terminal; wide, so that progress bars keep their numbers. */
  readonly columns: number;
  readonly stop: readonly StopRung[];
}

/** A rung of the stop ladder: the signal, to whom, and how long to wait before the next rung. */
export interface StopRung {
  readonly signal: "SIGINT" | "SIGTERM" | "SIGKILL";
  readonly target: "leader" | "group";
  readonly waitMs: number;
}

/**
 * How a child ended. `stopped` tells that we asked for it; an exit code alone proves nothing. `outOfMemory`, after SIGKILL
 * or the code 137: the evidence that the machine had no memory left, as a sentence; absent where nothing speaks for it.
 */
export type ExitOutcome =
  | { readonly kind: "exited"; readonly code: number; readonly stopped: boolean; readonly outOfMemory?: string }
  | { readonly kind: "signalled"; readonly signal: string; readonly stopped: boolean; readonly outOfMemory?: string }
  /** `passing`: the system had no file, process, terminal or memory left; it may have some later. */
  | { readonly kind: "not-started"; readonly why: string; readonly passing?: true }
  /** The holder vanished without a record (machine restarted, holder killed). */
  | { readonly kind: "lost"; readonly why: string; readonly stopped: boolean };

/**
 * One piece of a child's output. `redraw`: the text of a line that was painted over by a carriage return, so a newer
 * text follows. `offset` is the byte offset in the raw log just behind this piece; it identifies the piece for ever.
 */
export interface OutputLine {
  readonly text: string;
  readonly redraw: boolean;
  readonly offset: number;
}

/**
 * All that a plugin may do for one job. After a restart of the server the same call is made again for the same
 * attempt, with a new host: everything here is written so that doing it twice is the same as doing it once.
 */
export interface ToolHost {
  readonly jobId: string;
  readonly attempt: number;
  readonly correlationId: string;
  /** The folder of this job, kept between attempts. */
  readonly jobDir: string;
  /** The folder of this attempt. */
  readonly attemptDir: string;
  /** Aborted when the user cancels. `run` then walks down the stop ladder by itself. */
  readonly signal: AbortSignal;

  /**
   * Runs a child to its end. Called again after a restart of the server it adopts the running child, or reports how
   * it ended meanwhile. `onLine` gets every piece from the first byte on each call, so parsers rebuild their state;
   * the job log keeps each line once. `name` is unique within the attempt: letters, digits and `-`. Aborting `stop` ends
   * only this child, by the stop ladder; the outcome then says `stopped`.
   */
  run(name: string, command: ToolCommand, onLine: (line: OutputLine) => void, stop?: AbortSignal): Promise<ExitOutcome>;
  /** Makes sure that a long-lived tool is up; waits until it is ready. Throws ServiceUnavailable with the reason. */
  service(name: string): Promise<ServiceHandle>;

  /** Throttled by the host (first and last always pass). `updatedAt` is set by the host. */
  progress(update: Omit<JobProgress, "updatedAt" | "etaSeconds"> & { etaSeconds?: number | null }): void;
  /** Points are keyed by (key, step): writing one again replaces it. */
  metrics(key: string, points: ReadonlyArray<readonly [step: number, value: number]>): void;
  /** The work went back: the points after this step, of every key, never happened. */
  metricsUndone(afterStep: number): void;
  /** Makes a file known under the job; `name` is its key, so telling twice changes nothing. The file must stay. */
  artifact(found: FoundArtifact): void;
  /** Takes it from the job's list: its file was set aside. One that was never told changes nothing; the name may be told anew. */
  artifactGone(name: string): void;
  log(level: LogLevel, event: string, message: string, fields?: Record<string, unknown>): void;
  /** A sentence that the person should read although the job goes on. Repeats are dropped. */
  warn(sentence: string): void;

  /** Small values that must survive a crash of the server; durable when the call returns. */
  remember(key: string, value: string): void;
  recall(key: string): string | null;
}

export interface FoundArtifact {
  readonly kind: Artifact["kind"];
  readonly name: string;
  readonly path: string;
  readonly step: number | null;
  readonly promptIndex: number | null;
}

/** A long-lived tool that the supervisor starts on demand and stops when idle. */
export interface ServiceSpec {
  readonly name: string;
  readonly label: string;
  /** Why it cannot be started here, or null. */
  unavailable(): string | null;
  /** Set when the tool runs elsewhere and is only spoken to. */
  readonly attachUrl: string | null;
  command(place: ServicePlace): Promise<ToolCommand>;
  /** Asks the tool itself. `argv` and sockets are compared so that a stranger on the port is not taken for ours. */
  probe(url: string, place: ServicePlace): Promise<ProbeResult>;
  /** The class of an end and its cause in words, from the last lines; those that help go with it. */
  explain(outcome: ExitOutcome, tail: readonly string[]): Failure;
  readonly startDeadlineMs: number;
  readonly idleStopMs: number;
}

export interface ServicePlace {
  readonly dir: string;
  readonly port: number;
}

export type ProbeResult =
  | { readonly ready: true; readonly version: string }
  | { readonly ready: false; readonly why: string };

/** A running tool as a job sees it. `release` must be called; the tool is then free to stop when idle. */
export interface ServiceHandle {
  readonly url: string;
  /** The tool's folder when it runs here; null when it is attached. */
  readonly dir: string | null;
  /** Changes with every start of the tool: what it held in memory under another id is gone. */
  readonly instance: string;
  /** Aborted when the tool ends or is asked to stop. Its reason is a `ServiceCrash` when the tool ended by itself. */
  readonly gone: AbortSignal;
  release(): void;
  /** Last resort when the tool does not react to a cancel. */
  restart(reason: string): Promise<void>;
}

/** Thrown by `ToolHost.service`. */
export { ServiceCrash, ServiceUnavailable } from "../server/contract/service-unavailable.ts";

/** Checks of a tool's installation for the system page and before a start. */
export interface SetupChecks {
  checks(): Promise<Check[]>;
  /** The version that is installed; null: not known, or nothing is installed (a simulator). Cheap; absent: nobody can tell. */
  foundVersion?(): string | null;
}
