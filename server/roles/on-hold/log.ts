import type { LogLevel } from "../../contract/log.ts";
import type { Paths } from "../../files/paths.ts";
import { createLog, type Log } from "../../base/log.ts";
import { Redactor } from "../../logs/redact.ts";
import { RotatingFile } from "../../logs/rotating-file.ts";

/** The service log, also while the data cannot be opened: it goes on in the same file. */
export function createHoldLog(paths: Paths, level: LogLevel): Log {
  return createLog(new RotatingFile({ path: paths.serviceLog, redactor: new Redactor() }), level);
}
