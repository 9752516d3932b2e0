import type { ErrorBody } from "../../contract/error.ts";
import type { AppError } from "../../base/errors.ts";

/** What the API answers instead of what was asked for. */
export function toBody(error: AppError, correlationId: string): ErrorBody {
  return {
    error: {
      code: error.code, what: error.message, why: error.why, fix: error.fix, correlationId,
      ...(error.fields ? { fields: error.fields } : {}),
      ...(error.obstacles ? { obstacles: error.obstacles } : {}),
    },
  };
}
