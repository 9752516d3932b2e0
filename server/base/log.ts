import pino from "pino";
import type { LogLevel } from "../contract/log.ts";

/** Isengard's own structured log. `event` is a stable name (`job.claimed`); `message` is for people. */
export interface Log {
  debug(event: string, message: string, fields?: Record<string, unknown>): void;
  info(event: string, message: string, fields?: Record<string, unknown>): void;
  warn(event: string, message: string, fields?: Record<string, unknown>): void;
  error(event: string, message: string, fields?: Record<string, unknown>): void;
  /** A log that adds these fields to each line, for example `{correlationId}`. */
  child(fields: Record<string, unknown>): Log;
}

/** Where lines go: one call for each line, newline included. Must not throw. */
export interface LogSink {
  write(line: string): void;
}

export function createLog(sink: LogSink, level: LogLevel): Log {
  const base = pino(
    {
      level,
      base: null,
      messageKey: "message",
      formatters: { level: (label) => ({ level: label }) },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      serializers: { error: pino.stdSerializers.err },
    },
    sink,
  );
  return wrap(base);
}

function wrap(logger: pino.Logger): Log {
  return {
    debug: (event, message, fields) => logger.debug({ event, ...fields }, message),
    info: (event, message, fields) => logger.info({ event, ...fields }, message),
    warn: (event, message, fields) => logger.warn({ event, ...fields }, message),
    error: (event, message, fields) => logger.error({ event, ...fields }, message),
    child: (fields) => wrap(logger.child(fields)),
  };
}
