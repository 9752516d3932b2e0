import { isFields, renamed } from "./renaming.ts";

const levels: Readonly<Record<string, string>> = { warning: "warn", critical: "error", fatal: "error", trace: "debug" };

/** `timestamp` for `time`, levels of the earlier browser in capitals or by another name, and null where a field is left out. */
export function oldClientLogs(body: unknown): unknown {
  if (!isFields(body) || !Array.isArray(body["entries"])) return body;
  return { ...body, entries: body["entries"].map(oldEntry) };
}

function oldEntry(entry: unknown): unknown {
  if (!isFields(entry)) return entry;
  const { level, event, context, ...rest } = renamed(entry, { timestamp: "time" });
  const lower = typeof level === "string" ? level.toLowerCase() : level;
  return {
    ...rest,
    ...(level === undefined ? {} : { level: typeof lower === "string" ? (levels[lower] ?? lower) : lower }),
    ...(event === null || event === undefined ? {} : { event }),
    ...(context === null || context === undefined ? {} : { context }),
  };
}
