import { t } from "elysia";

export const LogLevel = t.Union([t.Literal("debug"), t.Literal("info"), t.Literal("warn"), t.Literal("error")]);
export type LogLevel = typeof LogLevel.static;

/** One line of a job's or the service's log. `line` counts from 1 and never changes. */
export const LogEntry = t.Object({
  line: t.Number(),
  time: t.String(),
  level: LogLevel,
  event: t.String(),
  message: t.String(),
  fields: t.Record(t.String(), t.Unknown()),
});
export type LogEntry = typeof LogEntry.static;

/** A page of log entries. Filters apply before paging; `total` counts the entries that match. */
export const LogPage = t.Object({
  entries: t.Array(LogEntry),
  total: t.Number(),
  lastLine: t.Number(),
  hasMore: t.Boolean(),
});
export type LogPage = typeof LogPage.static;
