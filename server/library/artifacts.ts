import type { Database } from "bun:sqlite";
import { realpathSync, statSync } from "node:fs";
import { relative } from "node:path";
import type { BunFile } from "bun";
import type { FoundArtifact } from "../../plugins/plugin.ts";
import type { Artifact } from "../contract/job.ts";
import { safeOpen } from "../files/safe-open.ts";
import { newId } from "../base/ids.ts";
import type { LibraryDeps } from "./deps.ts";

type ArtifactRow = Omit<Artifact, "url" | "simulated">;

const selectArtifact = `
  select id, job_id as jobId, kind, name, step, prompt_index as promptIndex, size_bytes as sizeBytes, created_at as createdAt
  from artifact`;

/** Files that a job left in its folder: samples, checkpoints, configs. Rows only point; the files stay where they are. */
export class Artifacts {
  private readonly db: Database;

  constructor(private readonly deps: LibraryDeps) {
    this.db = deps.db;
  }

  /** In the order in which they were told. */
  list(jobId: string): Artifact[] {
    const simulated = this.isSimulated(jobId);
    return this.db.query<ArtifactRow, [string]>(`${selectArtifact} where job_id = ? order by id`).all(jobId).map((row) => whole(row, simulated));
  }

  get(jobId: string, artifactId: string): Artifact | null {
    const row = this.db.query<ArtifactRow, [string, string]>(`${selectArtifact} where job_id = ? and id = ?`).get(jobId, artifactId);
    return row ? whole(row, this.isSimulated(jobId)) : null;
  }

  /**
   * Null when the job has an artifact of this name already, or the file is gone again. Throws for a file outside of the
   * jobs' folder: it could never be shown.
   */
  put(jobId: string, found: FoundArtifact): Artifact | null {
    if (this.db.query("select 1 from artifact where job_id = ? and name = ?").get(jobId, found.name) !== null) return null;
    const place = this.locate(found.path);
    if (place === null) return null;
    const id = newId("art");
    const { changes } = this.db
      .query(
        `insert or ignore into artifact (id, job_id, kind, name, path, step, prompt_index, size_bytes, created_at)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(id, jobId, found.kind, found.name, place.path, found.step, found.promptIndex, place.sizeBytes, new Date().toISOString());
    if (changes === 0) return null;
    const artifact = this.get(jobId, id)!;
    this.deps.bus.publish({ type: "job.artifact", jobId, artifact });
    return artifact;
  }

  /** Its file is no longer where it was told. Nothing happens when it is not known. */
  drop(jobId: string, name: string): void {
    const gone = this.db.query<{ id: string }, [string, string]>("delete from artifact where job_id = ? and name = ? returning id").get(jobId, name);
    if (gone !== null) this.deps.bus.publish({ type: "job.artifact-gone", jobId, artifactId: gone.id });
  }

  /** Null when the tool removed the file, for example an old checkpoint. */
  file(artifact: Artifact): BunFile | null {
    const row = this.db.query<{ path: string }, [string]>("select path from artifact where id = ?").get(artifact.id);
    return row ? safeOpen(this.deps.paths.jobs, row.path) : null;
  }

  private isSimulated(jobId: string): boolean {
    return this.deps.jobFacts.simulated(jobId) === 1;
  }

  /** Relative to the jobs' folder, so that the data can be moved to another place. */
  private locate(path: string): { path: string; sizeBytes: number } | null {
    const real = existing(path);
    if (real === null) return null;
    const inside = relative(realpathSync(this.deps.paths.jobs), real);
    if (inside === "" || inside.startsWith("..")) throw new Error(`The artifact ${path} lies outside of the jobs' folder.`);
    const { size } = statSync(real);
    return { path: inside, sizeBytes: size };
  }
}

function existing(path: string): string | null {
  try {
    return realpathSync(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

function whole(row: ArtifactRow, simulated: boolean): Artifact {
  return { ...row, simulated, url: `/api/jobs/${row.jobId}/artifacts/${row.id}` };
}
