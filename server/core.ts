import type { Plugin } from "../plugins/plugin.ts";
import { build } from "./base/identity.ts";
import type { LoadedConfig } from "./base/config.ts";
import type { Mode } from "./contract/system.ts";
import { openData, type OpenData } from "./db/open-data.ts";
import { Engines } from "./engines.ts";
import { createBus } from "./events/bus.ts";
import { Hub } from "./events/hub.ts";
import { readHfToken, takeOverHfToken } from "./files/hf-token.ts";
import type { Paths } from "./files/paths.ts";
import { Backends } from "./jobs/backends.ts";
import { uuidOf } from "./jobs/admit/lane-names.ts";
import { StoredJobFacts } from "./jobs/store/facts.ts";
import { childrenForJobs, createJobs, libraryForJobs, logsForJobs } from "./jobs/jobs.ts";
import { Artifacts } from "./library/artifacts.ts";
import { Characters } from "./library/characters.ts";
import { InventoryWatch } from "./library/upkeep/inventory-watch.ts";
import { Loras } from "./library/loras.ts";
import { Metrics } from "./library/metrics.ts";
import { OldPhotos } from "./library/photos/old-photos.ts";
import { OldPhotosPass } from "./library/photos/old-photos-pass.ts";
import { Outputs } from "./library/outputs.ts";
import { Photos } from "./library/photos/photos.ts";
import { Sessions } from "./db/sessions.ts";
import { Purge } from "./library/upkeep/purge.ts";
import { SavedSettings } from "./db/settings.ts";
import { Uploads } from "./library/uploads/uploads.ts";
import { createLog, type Log } from "./base/log.ts";
import { JobLogs } from "./logs/job-log.ts";
import { Redactor } from "./logs/redact.ts";
import { RotatingFile } from "./logs/rotating-file.ts";
import { ServiceLogView } from "./logs/service-log.ts";
import { DataWatch } from "./system/data-watch.ts";
import { GpuWatch } from "./system/gpu/gpu.ts";

export interface CoreOptions extends LoadedConfig {
  readonly paths: Paths;
  readonly plugins: readonly Plugin[];
  readonly self: readonly string[];
}

export type Core = ReturnType<typeof createCore>;

const gpuIntervalMs = 5000;
const gpuFaultsKey = "gpu.faults";

/** Everything below the API, built in order. Nothing runs yet. Throws DataProblem or DataInUse when the data cannot be used. */
export function createCore(options: CoreOptions) {
  const { config, paths, self } = options;
  const redactor = new Redactor();
  const logFile = new RotatingFile({ path: paths.serviceLog, redactor });
  const log = createLog(logFile, config.logLevel);
  const bus = createBus((error) => log.error("bus.listener-failed", "a listener of an event failed", { error }));
  const databases = openData(paths);
  if (takeOverHfToken(paths, process.env)) log.info("hf-token.taken-over", "The Hugging Face token of HF_TOKEN was saved, since there was none");
  const hfToken = readHfToken(paths);
  if (hfToken !== null) redactor.addSecret(hfToken);
  const deps = { db: databases.state, paths, bus, jobFacts: new StoredJobFacts(databases.state) };
  const photos = new Photos(deps);
  const library = {
    characters: new Characters(deps), photos, oldPhotos: new OldPhotos(deps), loras: new Loras(deps), outputs: new Outputs(deps),
    artifacts: new Artifacts(deps), metrics: new Metrics({ telemetry: databases.telemetry, bus }),
  };
  const saved = new SavedSettings(deps);
  const mode = (): Mode | null => config.mode ?? (saved.get("mode") as Mode | null);
  const engines = new Engines({
    plugins: options.plugins, config, paths, self, log, redactor, onChange: (service) => bus.publish({ type: "service.changed", service }),
    onChecks: () => bus.publish({ type: "checks.changed" }),
  });
  const backends = new Backends(null);
  const jobLogs = new JobLogs({ folder: paths.jobLogs, redactor, bus });
  const gpu = new GpuWatch({
    command: () => gpuCommand(mode(), options), intervalMs: gpuIntervalMs, log, env: {
      ISENGARD_SIM_SCENARIO: config.simulatorScenario,
      /** The simulated card is busy while a job is. */
      get ISENGARD_SIM_BUSY() {
        return jobs.store.activeRows().map(({ lane }) => uuidOf(lane) ?? "*").join();
      },
    },
    onChange: (status) => bus.publish({ type: "gpu.changed", gpu: status }),
    faults: { read: () => saved.get(gpuFaultsKey), write: (text) => saved.set(gpuFaultsKey, text) },
  });
  const data = new DataWatch({ paths, databases, log, isFinished: (id) => typeof jobs.store.get(id)?.finishedAt === "string" });
  const jobs = createJobs({
    ...deps, log, self, backends, services: engines, library: libraryForJobs(library), jobLogs: logsForJobs(jobLogs),
    redactor, runChild: childrenForJobs(log), comfyuiUrl: () => engines.comfyuiUrl(mode()), checks: engines.checks, useProcessor: config.useProcessor,
    onStorageFault: (error) => data.noteError(error), disk: data.disk,
    gpu,
  });
  const uploads = new Uploads({ ...deps, photos });
  const purge = new Purge({ ...deps, ...library, log, uploads, jobs: jobs.persons });
  const inventory = new InventoryWatch({ ...deps, log });
  const hub = new Hub(bus, build);
  return {
    ...library, ...jobs, ...databases, paths, config, sources: options.sources, redactor, log, bus, saved, mode, engines, backends, jobLogs, hub, gpu, data,
    sessions: new Sessions(databases.state),
    uploads, purge, inventory, oldPhotosPass: new OldPhotosPass(library.oldPhotos, log),
    /** The port that the server really listens on; set once it does. */
    address: { port: config.port },
    serviceLog: new ServiceLogView(paths.serviceLog),
    close: () => closeAll(hub, jobLogs, databases, logFile, log),
  };
}

function closeAll(hub: Hub, jobLogs: JobLogs, databases: OpenData, logFile: RotatingFile, log: Log): void {
  hub.close();
  jobLogs.flushAll();
  databases.state.close();
  databases.telemetry.close();
  log.info("server.stopped", "Isengard has stopped");
  logFile.close();
}

/** In fast-test the simulator answers; otherwise the real program, also before the mode is chosen. */
function gpuCommand(mode: Mode | null, { self, config }: CoreOptions): readonly string[] {
  return mode === "fast-test" ? [...self, "simulate", "nvidia-smi"] : [config.nvidiaSmi ?? "nvidia-smi"];
}
