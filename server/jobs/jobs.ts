import type { Database } from "bun:sqlite";
import type { Job } from "../contract/job.ts";
import type { Bus } from "../events/bus.ts";
import type { Paths } from "../files/paths.ts";
import type { Artifacts } from "../library/artifacts.ts";
import type { Characters } from "../library/characters.ts";
import { Erasure } from "../library/upkeep/erasure.ts";
import { loraFault } from "../library/lora-file.ts";
import type { Loras } from "../library/loras.ts";
import type { Metrics } from "../library/metrics.ts";
import type { OldPhotos } from "../library/photos/old-photos.ts";
import type { Outputs } from "../library/outputs.ts";
import type { Photos } from "../library/photos/photos.ts";
import type { Log } from "../base/log.ts";
import type { JobLogs } from "../logs/job-log.ts";
import type { Redactor } from "../logs/redact.ts";
import { runHeld } from "../process/run.ts";
import type { CheckKeeper } from "../base/tool-checks.ts";
import type { Backends } from "./backends.ts";
import { Dispatcher } from "./run/dispatcher.ts";
import { MakeImages } from "./run/handlers/make-images.ts";
import { TrainLora } from "./run/handlers/train-lora.ts";
import { JobEnds, type RetryTiming } from "./run/ends.ts";
import { Lanes } from "./admit/lanes.ts";
import { Leftovers } from "./admit/leftovers.ts";
import type { GpuKeeper, JobLibrary, JobLogOpener, RunChild, Services } from "./ports.ts";
import { Admission } from "./queue/admission.ts";
import { PersonJobs } from "./queue/person-jobs.ts";
import { JobQueue } from "./queue/queue.ts";
import { QueueActions } from "./queue/actions.ts";
import { PauseState } from "./store/queue-pause.ts";
import { Readiness } from "./admit/readiness.ts";
import { sweepFolders } from "./run/retention.ts";
import { type DiskKeeper, DiskRoom } from "./admit/disk-room.ts";
import { Runner } from "./run/runner.ts";
import { ServerLife } from "./run/server-life.ts";
import { SecondPress } from "./run/second-press.ts";
import { isFinal } from "./store/states.ts";
import { JobStore } from "./store/store.ts";

export interface LibraryNouns {
  readonly characters: Characters;
  readonly photos: Photos;
  readonly oldPhotos: OldPhotos;
  readonly loras: Loras;
  readonly outputs: Outputs;
  readonly artifacts: Artifacts;
  readonly metrics: Metrics;
}

export interface JobsOptions {
  /** The state database. */
  readonly db: Database;
  readonly bus: Bus;
  readonly log: Log;
  readonly paths: Paths;
  /** How to run this executable again, for holders. */
  readonly self: readonly string[];
  readonly backends: Backends;
  readonly services: Services;
  readonly library: JobLibrary;
  readonly jobLogs: JobLogOpener;
  readonly runChild: RunChild;
  /** Where a ComfyUI answers that runs elsewhere and is only spoken to; null: none in this mode. */
  comfyuiUrl(): string | null;
  readonly checks: CheckKeeper;
  /** The person has said that the processor will do where there is no GPU. */
  readonly useProcessor: boolean;
  readonly gpu: GpuKeeper;
  readonly disk: DiskKeeper;
  /** Told each error of storage, so that a full disk can be helped at once. */
  readonly onStorageFault?: (error: unknown) => void;
  readonly timing?: RetryTiming;
  /** Cuts secrets out of what a failed tool said. */
  readonly redactor?: Pick<Redactor, "redact">;
}

const imageTool = "comfyui";
/** A click waits that long for photos of an earlier version; some dozens are done by then. */
const readyLimitMs = 20_000;

export interface Jobs {
  readonly store: JobStore;
  readonly queue: JobQueue;
  readonly actions: QueueActions;
  readonly admission: Admission;
  readonly readiness: Readiness;
  readonly dispatcher: Dispatcher;
  readonly lanes: Lanes;
  readonly room: DiskRoom;
  readonly leftovers: Leftovers;
  readonly persons: PersonJobs;
}

/** Builds the queue and what works it off. Nothing runs before `dispatcher.start()`. */
export function createJobs(options: JobsOptions): Jobs {
  const { db, bus, log, backends, services, library, jobLogs } = options;
  const jobsDir = options.paths.jobs;
  const serverRun = new ServerLife(db);
  const store = new JobStore(db, bus, log, serverRun.id);
  const queueState = new PauseState(db, bus);
  const room = new DiskRoom({ disk: options.disk, store, backends, jobsDir, log });
  const onStorageFault = options.onStorageFault ?? (() => undefined);
  const timing = options.timing ?? { random: Math.random, scale: 1 };
  const leftovers = new Leftovers({ store, jobsDir, self: options.self, log, onGone: () => dispatcher.wake() });
  const lanes = new Lanes({ store, backends, services, comfyuiUrl: () => options.comfyuiUrl(), gpu: options.gpu, queueState, room, leftovers, log });
  const secondPress = new SecondPress();
  const runner = new Runner({
    secondPress, onStorageFault,
    store, notes: store.notes, bus, log, library, services, jobsDir, jobLogs,
    runChild: options.runChild, self: options.self,
    handlers: { training: new TrainLora({ backends, library, lanes, log }), generation: new MakeImages({ backends, store, library }) },
    ends: new JobEnds({ store, room, timing, lanes, redactor: options.redactor ?? { redact: (text) => text } }),
  });
  announceCharacters(bus, library);
  const queue = new JobQueue({ store, backends, library, room, jobsDir, root: options.paths.root, erasure: new Erasure({ db, paths: options.paths }), onSecondPress: (job) => pressAgain(job, secondPress, services) });
  const removal = store.removal(options.paths);
  const dispatcher = new Dispatcher({
    store, backends, lanes, runner, serverRun, room, timing, bus, log, onStorageFault,
    onSetAside: () => leftovers.start(),
    sweep: async () => {
      leftovers.start();
      return sweepFolders({ removal, jobLogs, jobsDir, log });
    },
  });
  const actions = new QueueActions({ store, backends, lanes, queueState, queue, library, jobLogs, jobsDir, removal });
  const readiness = new Readiness({
    backends, lanes, library, checks: options.checks, gpu: options.gpu, dataDir: options.paths.data, useProcessor: options.useProcessor,
    picturesElsewhere: () => options.comfyuiUrl() !== null,
  });
  const persons = new PersonJobs({ removal, jobLogs, forgetJob: (id) => library.forgetJob(id) });
  return { store, queue, lanes, room, dispatcher, leftovers, actions, persons, readiness, admission: new Admission({ queue, actions, readiness }) };
}

/** A training has a child of its own; pictures are made by ComfyUI, which then takes the next rung itself. */
function pressAgain(job: Job, secondPress: SecondPress, services: Services): void {
  if (job.kind === "training") return secondPress.press(job.id);
  void services.stopService(imageTool, "Stop was pressed again").catch(() => undefined); // the first press goes on by itself
}

/** A character shows which job trains it, so it changes when that job comes and goes. Told in a turn of its own. */
function announceCharacters(bus: Bus, library: JobLibrary): void {
  bus.subscribe(({ event }) => {
    if (event.type !== "job.changed" || event.job.kind !== "training" || event.job.characterId === null) return;
    const { characterId, state } = event.job;
    if (state === "queued" || isFinal(state)) queueMicrotask(() => library.announceCharacter(characterId));
  });
}

/** The nouns of the library as jobs see them. */
export function libraryForJobs({ characters, photos, oldPhotos, loras, outputs, artifacts, metrics }: LibraryNouns): JobLibrary {
  return {
    character: (id) => characters.get(id),
    announceCharacter: (id) => characters.announce(id),
    photos: (characterId) => photos.originals(characterId),
    readyPhotos: (characterId) => oldPhotos.ready(characterId, readyLimitMs),
    lora: (id) => {
      const lora = loras.get(id);
      return lora === null ? null : { lora, path: loras.pathOf(lora), fileName: loras.fileNameOf(lora) };
    },
    loraFault,
    nextVersion: (characterId) => loras.nextVersion(characterId),
    publishLora: (found) => loras.publish(found),
    hasOutput: (jobId, index) => outputs.has(jobId, index),
    storeOutput: (picture) => outputs.store(picture),
    forgetJob: (jobId) => metrics.remove(jobId),
    putArtifact: (jobId, found) => void artifacts.put(jobId, found),
    dropArtifact: (jobId, name) => artifacts.drop(jobId, name),
    putMetrics: (jobId, key, points) => metrics.put(jobId, key, points),
    undoMetrics: (jobId, afterStep) => metrics.undo(jobId, afterStep),
  };
}

export function logsForJobs(jobLogs: JobLogs): JobLogOpener {
  return {
    open: (jobId, context) => ({ ...jobLogs.open(jobId, context), flush: () => jobLogs.flush(jobId) }),
    remove: (jobId) => jobLogs.remove(jobId),
  };
}

/** Children under a holder, which outlives this server. */
export function childrenForJobs(log: Log): RunChild {
  return (run) => runHeld({ ...run, log });
}
