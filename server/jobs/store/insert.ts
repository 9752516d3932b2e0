import { AppError } from "../../base/errors.ts";
import type { JobRow, NewJob } from "./rows.ts";
import { type JobTable, now } from "./table.ts";
import { isJobKind, jobKinds } from "../../shared/job-kinds.ts";

/** Jobs that have not ended. More would wait for weeks, and every page that shows the line would grow with them. */
export const maxOpenJobs = 10_000;

export type IdempotencyKey = Pick<NewJob, "idempotencyKey" | "idempotencyHash">;

/** Inside a transaction: the new row, or the row of the first call with this key. Throws `conflict`, `too_many_requests`. */
export function insertJob(table: JobTable, job: NewJob): JobRow {
  const replay = findReplay(table, job);
  if (replay !== null) return replay;
  assertRoomInQueue(table);
  assertOnlyOne(table, job.kind, job.characterId);
  table.db
    .query(
      `insert into job (id, seq, position, kind, state, title, subject, character_id, backend, priority, correlation_id,
         idempotency_key, idempotency_hash, request, simulated, frozen, created_at)
       select $id, coalesce(max(seq), 0) + 1, coalesce(max(seq), 0) + 1, $kind, 'queued', $title, $subject, $characterId, $backend, $priority,
         $correlationId, $idempotencyKey, $idempotencyHash, $request, $simulated, $frozen, $at from job`,
    )
    .run({ ...job, request: JSON.stringify(job.request), frozen: JSON.stringify(job.frozen), at: now() });
  return table.step(job.id, null, "Accepted.");
}

/** null: nobody has used this key. Throws `conflict` when it was used for something else. */
export function findReplay(table: JobTable, { idempotencyKey, idempotencyHash }: IdempotencyKey): JobRow | null {
  if (idempotencyKey === null) return null;
  const row = table.db.query<JobRow, [string]>("select * from job where idempotency_key = ? and removed_at is null").get(idempotencyKey);
  if (row !== null && row.idempotency_hash !== idempotencyHash) {
    throw new AppError("conflict", "This Idempotency-Key was already used for another request.", {
      why: `It belongs to the job ${row.id}.`, fix: "Send a new key with each new request, and the same key only with a repeat of it.",
    });
  }
  return row;
}

export function assertRoomInQueue(table: JobTable): void {
  const { n } = table.db.query<{ n: number }, []>("select count(*) as n from job where finished_at is null").get()!;
  if (n < maxOpenJobs) return;
  throw new AppError("too_many_requests", "The queue is full.", {
    why: `${maxOpenJobs.toLocaleString("en")} jobs have not ended yet, and no more are kept.`,
    fix: "Wait until some have ended, or stop those that you do not need.",
  });
}

/** Throws `conflict` where another job of this kind is open for the same character, and the kind allows only one. */
export function assertOnlyOne(table: JobTable, kind: string, characterId: string | null): void {
  if (characterId === null || !isJobKind(kind) || jobKinds[kind].exclusive !== "character") return;
  const busy = table.db
    .query<{ subject: string }, [string, string]>("select subject from job where kind = ? and character_id = ? and finished_at is null")
    .get(kind, characterId);
  if (busy === null) return;
  throw new AppError("conflict", `${sentenceCase(busy.subject)} is not finished yet.`, {
    why: "A character is trained once at a time.", fix: "Wait until it ends, or stop it first.",
  });
}

function sentenceCase(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
