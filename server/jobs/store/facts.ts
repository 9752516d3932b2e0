import type { Database } from "bun:sqlite";
import type { JobFacts } from "../../library/job-facts.ts";

/** `json_valid`: a request that cannot be read names no LoRA, and must not keep the others from being asked. */
const usesOneOf = (list: string) =>
  `json_valid(j.request) and exists (select 1 from json_each(j.request, '$.loras') as chosen where chosen.value ->> '$.id' in ${list})`;

/** The SQL behind what the library asks of jobs. */
export class StoredJobFacts implements JobFacts {
  constructor(private readonly db: Database) {}

  exists(jobId: string): boolean {
    return this.db.query("select 1 from job where id = ? and removed_at is null").get(jobId) !== null;
  }

  simulated(jobId: string): number | null {
    return this.db.query<{ simulated: number | null }, [string]>("select simulated from job where id = ?").get(jobId)?.simulated ?? null;
  }

  photoCount(jobId: string): number | null {
    return this.db
      .query<{ n: number | null }, [string]>("select json_array_length(frozen, '$.job.photos') as n from job where id = ? and json_valid(frozen)")
      .get(jobId)?.n ?? null;
  }

  openTrainings(): ReadonlyMap<string, string> {
    const rows = this.db
      .query<{ characterId: string; id: string }, []>(
        "select character_id as characterId, id from job where kind = 'training' and finished_at is null and character_id is not null order by seq desc",
      )
      .all();
    return new Map(rows.map(({ characterId, id }) => [characterId, id]));
  }

  openTrainingOf(characterId: string): string | null {
    return this.db
      .query<{ id: string }, [string]>("select id from job where character_id = ? and kind = 'training' and finished_at is null order by seq limit 1")
      .get(characterId)?.id ?? null;
  }

  openKindOf(characterId: string, loraIds: readonly string[]): string | null {
    const uses = usesOneOf("(select value from json_each(?2))");
    return this.db
      .query<{ kind: string }, [string, string]>(`select kind from job j where j.finished_at is null and (j.character_id = ?1 or (${uses})) order by seq limit 1`)
      .get(characterId, JSON.stringify(loraIds))?.kind ?? null;
  }

  usesLora(loraId: string): boolean {
    return this.db.query(`select 1 from job j where j.finished_at is null and ${usesOneOf("(?)")} limit 1`).get(loraId) !== null;
  }
}
