import type { JobLogOpener } from "../ports.ts";
import type { JobRemoval } from "../store/removal.ts";

export interface PersonJobsParts {
  readonly removal: JobRemoval;
  readonly jobLogs: Pick<JobLogOpener, "remove">;
  /** The series of a job, which lie in a database of their own. */
  forgetJob(jobId: string): void;
}

/** The jobs of a person who was deleted, for the purge. */
export class PersonJobs {
  constructor(private readonly parts: PersonJobsParts) {}

  hasOpen(characterId: string): boolean {
    return this.parts.removal.hasOpen(characterId);
  }

  /** Up to `limit` jobs with all that they left; the folders are written down to go. Answers how many. */
  eraseOf(characterId: string, limit: number): number {
    const ids = this.parts.removal.endedOf(characterId, limit);
    for (const id of ids) {
      this.parts.forgetJob(id);
      this.parts.jobLogs.remove(id);
      this.parts.removal.erase(id);
    }
    return ids.length;
  }
}
