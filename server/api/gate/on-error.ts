import { Elysia } from "elysia";
import { ServiceUnavailable } from "../../contract/service-unavailable.ts";
import { AppError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { correlationOf } from "./context.ts";
import { toBody } from "./error-body.ts";

/** The only place that turns a throw into an answer. Unexpected errors are logged and shown without their inside. */
export function onError(log: Log) {
  return new Elysia({ name: "on-error" }).onError({ as: "global" }, ({ code, error, request, set }) => {
    const correlationId = correlationOf(request);
    const known = toAppError(code, error, request);
    const shown = known ?? new AppError("internal", "Isengard could not finish this request.", { why: "Something unexpected happened inside." });
    if (known === null) log.error("request.failed", `${request.method} ${pathOf(request)} failed unexpectedly: ${firstLine(error)}`, { correlationId, error });
    if (known?.code === "storage_unusable") log.warn("request.storage-failed", `${request.method} ${pathOf(request)} failed for the disk's sake: ${firstLine(error)}`, { correlationId, error });
    set.status = shown.status;
    set.headers["content-type"] = "application/json; charset=utf-8";
    return toBody(shown, correlationId);
  });
}

function toAppError(code: unknown, error: unknown, request: Request): AppError | null {
  if (error instanceof AppError) return error;
  if (error instanceof Error && error.cause instanceof AppError) return error.cause;
  if (code === "NOT_FOUND") return new AppError("not_found", `There is nothing at ${new URL(request.url).pathname.slice(0, 200)}.`);
  if (code === "PARSE") return new AppError("bad_request", "The request's body could not be read.", { why: "It did not arrive whole." });
  if (error instanceof ServiceUnavailable) return new AppError("backend_unavailable", "The tool cannot be had now.", { why: error.message, cause: error });
  if (isHangUp(error, request)) return new AppError("bad_request", "The connection was closed before the request was complete.");
  return fromSystem(error);
}

/** The sender left in the middle, as every upload over a tunnel may: nobody hears the answer, and nothing is wrong here. */
function isHangUp(error: unknown, request: Request): boolean {
  return error instanceof Error && error.name === "AbortError" && request.signal.aborted;
}

/** Faults of the disk deserve their own words. */
function fromSystem(error: unknown): AppError | null {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOSPC" || code === "SQLITE_FULL" || code === "EDQUOT" || code === "EFBIG") {
    return new AppError("storage_full", "There is no room left to store this.", { why: "The disk, or what may be used of it, is full.", cause: error });
  }
  const why = whyUnusable(code, error);
  return why === null ? null : new AppError("storage_unusable", "Isengard's files could not be read or written.", { why, cause: error });
}

/** Only of a call to the system: the same codes stand in errors that are nobody's disk. */
function whyUnusable(code: string, error: unknown): string | null {
  if (/^SQLITE_(IOERR|CANTOPEN|READONLY)/.test(code)) return "The database does not answer.";
  if (!(error instanceof Error && "syscall" in error)) return null;
  switch (code) {
    case "ENOENT": case "ENOTDIR": return "A file or folder of it is missing.";
    case "EACCES": case "EPERM": return "Isengard may not use a file or folder of it.";
    case "EROFS": return "The volume may only be read.";
    case "EIO": case "ESTALE": case "ENOTCONN": case "ENODEV": case "ENXIO": return "The volume does not answer.";
    default: return null;
  }
}

/** Without the query, which may hold what a person typed. */
function pathOf(request: Request): string {
  return new URL(request.url).pathname.slice(0, 200);
}

/** What went wrong, for the reader of the log alone; the answer never carries it. */
function firstLine(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.split("\n", 1)[0]!.slice(0, 300);
}
