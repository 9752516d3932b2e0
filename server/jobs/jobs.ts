import type { Database } from "bun:sqlite";
import type { Bus } from "../events/bus.ts";
import type { Paths } from "../files/paths.ts";
import type { Artifacts } from "../library/artifacts.ts";
import type { Characters } from "../library/characters.ts";
import type { Loras } from "../library/loras.ts";
import type { Metrics } from "../library/metrics.ts";
import type { Outputs } from "../library/outputs.ts";
import type { Photos } from "../library/photos.ts";
import type { Log } from "../log.ts";
import type { JobLogs } from "../logs/job-log.ts";
import { runHeld } from "../process/run.ts";
import type { Backends } from "./backends.ts";
import { Dispatcher } from "./dispatcher.ts";
import { MakeImages } from "./handlers/make-images.ts";
import { TrainLora } from "./handlers/train-lora.ts";
import { GpuLane } from "./lanes.ts";
import type { JobLibrary, JobLogOpener, RunChild, Services } from "./needs.ts";
import { JobQueue } from "./queue.ts";
import { Runner } from "./runner.ts";
import { isFinal } from "./states.ts";
import { JobStore } from "./store.ts";

export interface LibraryNouns {
  readonly characters: Characters;
  readonly photos: Photos;
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
  /** Set when ComfyUI runs elsewhere and is only spoken to. */
  readonly comfyuiUrl: string | null;
}

export interface Jobs {
  readonly store: JobStore;
  readonly queue: JobQueue;
  readonly dispatcher: Dispatcher;
}

/** Builds the queue and what works it off. Nothing runs before `dispatcher.start()`. */
export function createJobs(options: JobsOptions): Jobs {
  const { db, bus, log, backends, services, library } = options;
  const store = new JobStore(db, bus, log);
  const lane = new GpuLane(store, backends, services, options.comfyuiUrl);
  const runner = new Runner({
    store, notes: store.notes, bus, log, library, services,
    runChild: options.runChild, self: options.self, jobsDir: options.paths.jobs, jobLogs: options.jobLogs,
    handlers: { training: new TrainLora({ backends, library, lane, log }), generation: new MakeImages({ backends, store }) },
  });
  announceCharacters(bus, library);
  return {
    store,
    queue: new JobQueue({ store, backends, library, jobsDir: options.paths.jobs }),
    dispatcher: new Dispatcher({ store, backends, lane, runner, bus, log }),
  };
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
export function libraryForJobs({ characters, photos, loras, outputs, artifacts, metrics }: LibraryNouns): JobLibrary {
  return {
    character: (id) => characters.get(id),
    announceCharacter: (id) => characters.announce(id),
    photos: (characterId) => photos.originals(characterId),
    lora: (id) => {
      const lora = loras.get(id);
      return lora === null ? null : { lora, path: loras.pathOf(lora), fileName: loras.fileNameOf(lora) };
    },
    nextVersion: (characterId) => loras.nextVersion(characterId),
    publishLora: (found) => loras.publish(found),
    hasOutput: (jobId, index) => outputs.has(jobId, index),
    storeOutput: (picture) => outputs.store(picture),
    putArtifact: (jobId, found) => void artifacts.put(jobId, found),
    putMetrics: (jobId, key, points) => metrics.put(jobId, key, points),
  };
}

export function logsForJobs(jobLogs: JobLogs): JobLogOpener {
  return { open: (jobId, context) => ({ ...jobLogs.open(jobId, context), flush: () => jobLogs.flush(jobId) }) };
}

/** Children under a holder, which outlives this server. */
export function childrenForJobs(log: Log): RunChild {
  return (run) => runHeld({ ...run, log });
}
