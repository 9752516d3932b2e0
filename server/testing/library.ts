import type { AppEvent } from "../contract/event.ts";
import { migrate } from "../db/migrate.ts";
import { stateMigrations, telemetryMigrations } from "../db/migrations/index.ts";
import { openDatabase } from "../db/open.ts";
import { createBus } from "../events/bus.ts";
import { makeFolders, mapPaths } from "../files/paths.ts";
import { newId } from "../base/ids.ts";
import { StoredJobFacts } from "../jobs/store/facts.ts";
import { Artifacts } from "../library/artifacts.ts";
import { Characters } from "../library/characters.ts";
import { Loras } from "../library/loras.ts";
import { Metrics } from "../library/metrics.ts";
import { OldPhotos } from "../library/photos/old-photos.ts";
import { Outputs } from "../library/outputs.ts";
import { createLog } from "../base/log.ts";
import { Photos } from "../library/photos/photos.ts";
import { Purge, type JobsOfPersons } from "../library/upkeep/purge.ts";
import { SavedSettings } from "../db/settings.ts";
import { Uploads } from "../library/uploads/uploads.ts";
import { temporaryFolder } from "./folder.ts";

/** The whole library on real databases in a folder of its own; `events` are all that was published. */
export function openLibrary() {
  const folder = temporaryFolder();
  const paths = mapPaths(folder.path);
  makeFolders(paths);
  const db = openDatabase(paths.stateDb, "FULL");
  const telemetry = openDatabase(paths.telemetryDb, "NORMAL");
  migrate(db, { name: "state", steps: stateMigrations, backupFolder: paths.backups });
  migrate(telemetry, { name: "telemetry", steps: telemetryMigrations, backupFolder: paths.backups });
  const bus = createBus((error) => { throw error; });
  const events: AppEvent[] = [];
  bus.subscribe(({ event }) => events.push(event));
  const deps = { db, paths, bus, jobFacts: new StoredJobFacts(db) };
  const photos = new Photos(deps);
  const close = () => {
    db.close();
    telemetry.close();
    folder.remove();
  };
  const nouns = { photos, oldPhotos: new OldPhotos(deps), characters: new Characters(deps), loras: new Loras(deps), outputs: new Outputs(deps), uploads: new Uploads({ ...deps, photos }) };
  const log = createLog({ write: () => undefined }, "error");
  return {
    ...deps, telemetry, events, ...nouns,
    artifacts: new Artifacts(deps), metrics: new Metrics({ telemetry, bus }), settings: new SavedSettings({ db }),
    /** A round of the purge when the keep time of everything is over. */
    erase: (jobs: JobsOfPersons = { hasOpen: () => false, eraseOf: () => 0 }) => new Purge({ ...deps, ...nouns, log, jobs, keepMs: 0 }).run(),
    close, [Symbol.dispose]: close,
  };
}
export type TestLibrary = ReturnType<typeof openLibrary>;

/** A row of a job, as far as the library looks at it. */
export function plantJob(library: TestLibrary, job: { kind: string; characterId?: string; finished?: boolean; request?: unknown }): string {
  const id = newId("job");
  const now = new Date().toISOString();
  const { next } = library.db.query<{ next: number }, []>("select coalesce(max(seq), 0) + 1 as next from job").get()!;
  library.db
    .query(
      `insert into job (id, seq, kind, state, title, character_id, backend, correlation_id, request, frozen, created_at, finished_at)
       values (?, ?, ?, ?, 'a job', ?, 'test', 'cor-test', ?, '{}', ?, ?)`,
    )
    .run(
      id, next, job.kind, job.finished ? "succeeded" : "queued", job.characterId ?? null, JSON.stringify(job.request ?? {}), now,
      job.finished ? now : null,
    );
  return id;
}
