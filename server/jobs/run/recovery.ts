import type { Log } from "../../base/log.ts";
import { isAhead, poisonFailure, poisonHardLimit, poisonLimit, type ServerEnd, suspicionAfter } from "./poison.ts";
import type { Entry, JobStore } from "../store/store.ts";
import type { Claim, JobRow } from "../store/rows.ts";

export interface RecoveryParts {
  readonly store: JobStore;
  readonly log: Log;
  /** How the life of the server ended that had entered a job. */
  endOf(serverRun: string | null): ServerEnd;
}

/**
 * Settles what the last server left open, before anything new is claimed. Jobs that were running are entered again:
 * the same attempt under a new token, and whether their children live or have ended is found out by the handler. A job
 * that seems to bring the server down is entered only to be ended.
 */
export function takeOver(parts: RecoveryParts): Claim[] {
  const { store } = parts;
  for (const job of store.inState("interrupted")) store.transition(job.id, "queued", { why: "Goes back into the queue." });
  return store.activeRows().map((row) => enter(parts, row)).filter((claim) => claim !== null);
}

function enter({ store, log, endOf }: RecoveryParts, row: JobRow): Claim | null {
  const end = endOf(row.entered_by);
  const entry = judge(store, row, end);
  const token = crypto.randomUUID();
  const claim = store.adopt(row.id, token, whyEntered(end, entry), entry);
  if (entry.poison !== null) log.warn("job.poison", "a job is ended because the server died while it had it", { jobId: row.id, suspicion: entry.suspicion });
  if (claim === null || entry.poison === null || entry.suspicion <= poisonHardLimit) return claim;
  // Even ending it brought the server down. Its processes are left to the marker scan; that they may live is said.
  store.transition(row.id, "failed", { why: entry.poison.what, token, failure: { ...entry.poison, why: `${entry.poison.why} ${mayLive}` } });
  return null;
}

const mayLive = "It could not be ended in order, so a process of it may still run.";

function judge(store: JobStore, row: JobRow, end: ServerEnd): Entry {
  const suspicion = suspicionAfter(row.suspicion, end, isAhead(row.entry_mark, row.progress));
  const isPoison = suspicion >= poisonLimit && row.state !== "stopping";
  return { suspicion, poison: isPoison ? poisonFailure(row.title, store.history(row.id)) : null };
}

function whyEntered(end: ServerEnd, { poison }: Entry): string {
  if (poison !== null) return "Isengard died again and again while it had this job, so the job is ended.";
  if (end === "crashed") return "Isengard ended with an error of its own, was started again and goes on with this job.";
  if (end === "memory") return "Isengard ended while the machine ran out of memory, was started again and goes on with this job.";
  return "Isengard was started again and goes on with this job.";
}
