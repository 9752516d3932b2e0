import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "../../base/log.ts";
import type { JobLogOpener } from "../ports.ts";
import type { JobRemoval } from "../store/removal.ts";

/** Ended jobs whose folder, artifacts and log are kept. Rows, pictures and LoRAs are not touched. */
const foldersKept = 1000;
/** In one go, so that a large backlog does not keep the disk busy. */
const atOnce = 20;

export interface RetentionParts {
  readonly removal: JobRemoval;
  readonly jobLogs: Pick<JobLogOpener, "remove">;
  readonly jobsDir: string;
  readonly log: Log;
  readonly kept?: number;
}

/** Removes the files of jobs that ended long ago. Answers whether there is more to do. */
export async function sweepFolders({ removal, jobLogs, jobsDir, log, kept = foldersKept }: RetentionParts): Promise<boolean> {
  const ids = removal.withFilesBeyond(kept, atOnce);
  for (const id of ids) {
    removal.filesRemoved(id);
    jobLogs.remove(id);
    await rm(join(jobsDir, id), { recursive: true, force: true });
    log.info("job.files-removed", "the files of an old job were removed", { jobId: id });
  }
  return ids.length === atOnce;
}
