import type { KnownFailure } from "../../contract/job.ts";
import { ServiceUnavailable } from "../../contract/service-unavailable.ts";
import { AppError, type ErrorCode, errorTable } from "../../base/errors.ts";
import { isShortSupply, shortSupplyWords } from "../../process/short-supply.ts";
import type { FailureCode } from "../../shared/failure-codes.ts";
import { UnreadableJob } from "../store/frozen.ts";
import type { JobStep } from "../store/rows.ts";

const evidenceLines = 20;

/** What an error that the API also answers with is called at the end of a job; any other says that what the job needs has changed. */
const codes: Readonly<Partial<Record<ErrorCode, FailureCode>>> = {
  no_photos: "no_photos", storage_full: "disk_full", storage_unusable: "storage", internal: "internal",
};

/** A throw out of a handler in words for the person. Unexpected ones keep their message as evidence. */
export function failureOf(error: unknown): KnownFailure {
  if (error instanceof AppError) return { code: codes[error.code] ?? "not_possible", what: error.message, why: error.why, fix: error.fix, tail: [] };
  if (error instanceof ServiceUnavailable) {
    return {
      code: "service_unavailable", what: "The tool for this job could not be started.", why: error.message,
      fix: "The checks in Settings, and isengard doctor, name what is missing and where it is set. Then start the job again.", tail: [],
    };
  }
  if (error instanceof UnreadableJob) {
    return { code: "unreadable_job", what: error.message, why: "It was damaged, or written by another version.", fix: "Start it again.", tail: [] };
  }
  if (isShortSupply(error)) return { code: "short_supply", what: "A program for this job could not be started.", why: shortSupplyWords(error), fix: "", tail: [] };
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: "internal", what: "Isengard made a mistake while it ran this job.", why: message, fix: errorTable.internal.fix,
    tail: error instanceof Error ? (error.stack ?? "").split("\n").slice(0, evidenceLines) : [],
  };
}

export function unknownKind(kind: string): KnownFailure {
  return {
    code: "unknown_kind", what: "Isengard does not know how to run this job.", why: `Its kind is ${JSON.stringify(kind.slice(0, 40))}.`,
    fix: "Start it again with this version of Isengard.", tail: [],
  };
}

const fullDisk = /^(SQLITE_FULL|(ENOSPC|EDQUOT|EFBIG)$)/;
const storageFaults = /^(SQLITE_(IOERR|BUSY|CANTOPEN|READONLY|NOMEM)|(EIO|EROFS|ESTALE|ENODEV|ENXIO)$)/;

/** The disk failed, not the job: what it is then handled as (server/shared/failure-codes.ts). null: something else. */
export function storageFaultOf(error: unknown): "disk_full" | "storage" | null {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (fullDisk.test(code)) return "disk_full";
  return storageFaults.test(code) ? "storage" : null;
}

export function diskFull(why: string): KnownFailure {
  return { code: "disk_full", what: "There was no room left to store what this job made.", why, fix: "Free disk space, then press Retry.", tail: [] };
}

/** The end of a job that was broken off too often; its whole history is the evidence. */
export function tooManyAttempts(title: string, attempts: number, why: string, history: readonly JobStep[]): KnownFailure {
  return {
    code: "interrupted_too_often",
    what: `${title}: broken off ${attempts} times, so it is not started again.`,
    why,
    fix: "Look at the log for what happened at each end. If the machine is short of memory or disk, free some, then start it again.",
    tail: history.filter((step) => step.to === "interrupted").map((step) => `attempt ${step.attempt}, ${step.at}: ${step.why}`).slice(-evidenceLines),
  };
}
