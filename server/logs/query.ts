import type { LogEntry, LogLevel } from "../contract/log.ts";

/** What to show of a log. Filters apply first, then `offset` and `limit`; `total` counts what is left after the filters. */
export interface LogQuery {
  /** This level and above. */
  readonly level?: LogLevel;
  /** Beginning of the event's name. */
  readonly event?: string;
  /** Occurs in the message, the event or a field, in any case. */
  readonly text?: string;
  readonly correlationId?: string;
  /** Not older than this, as an ISO time in UTC. */
  readonly since?: string;
  /** Only entries with a greater line number; counts as a filter. */
  readonly after?: number;
  readonly offset?: number;
  /** 1 to 1000. */
  readonly limit?: number;
  /** Count `offset` and `limit` from the end. The page is still in the order of the file. */
  readonly tail?: boolean;
}

export const defaultLimit = 200;
export const maxLimit = 1000;

const ranks: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };
const levels = Object.keys(ranks) as LogLevel[];

/** The beginning of every line that a job log writes, and of most of the service log. */
const header = /^\{"line":\d+,(?:"time":"[^"\\]*","level":"(\w+)"|"level":"(\w+)","time":"[^"\\]*")(?:,"event":"([^"\\]*)")?/;

const timeOf = /"time":"([^"\\]*)"/;

/**
 * Finds matching lines quickly: `next` jumps to a place where a match may be, `matches` decides. Only lines that
 * cannot be decided by their beginning are parsed.
 */
export class LineFilter {
  private readonly minRank: number;
  private readonly text: string;
  private readonly literals: readonly string[];
  readonly isEmpty: boolean;

  constructor(private readonly query: LogQuery) {
    this.minRank = ranks[query.level ?? "debug"];
    this.text = (query.text ?? "").toLowerCase();
    this.literals = literalsOf(query, this.minRank);
    this.isEmpty = this.minRank === 0 && this.text === "" && !query.event && !query.correlationId && !query.since;
  }

  /** The chunk as `next` searches it. Prepared once per chunk. */
  prepare(chunk: string): string {
    if (this.text === "") return chunk;
    const lower = chunk.toLowerCase();
    // Letters that change their length in lower case would shift every place behind them.
    return lower.length === chunk.length ? lower : "";
  }

  /** A position at or behind `from` in the line of which a match may be; -1: none in this chunk. */
  next(prepared: string, from: number): number {
    if (this.text !== "") {
      if (prepared === "") return from;
      return prepared.indexOf(JSON.stringify(this.text).slice(1, -1), from);
    }
    if (this.literals.length === 0) return from;
    let nearest = -1;
    for (const literal of this.literals) {
      const at = prepared.indexOf(literal, from);
      if (at >= 0 && (nearest < 0 || at < nearest)) nearest = at;
    }
    return nearest;
  }

  matches(line: string): boolean {
    if (this.query.since && (timeOf.exec(line)?.[1] ?? "") < this.query.since) return false;
    const head = header.exec(line);
    const level = head?.[1] ?? head?.[2];
    const event = head?.[3];
    if (level !== undefined && (ranks[level as LogLevel] ?? 1) < this.minRank) return false;
    if (event !== undefined && this.query.event && !event.startsWith(this.query.event)) return false;
    const isDecided = level !== undefined && (!this.query.event || event !== undefined) && this.text === "" && !this.query.correlationId;
    return isDecided || this.matchesEntry(parseEntry(line));
  }

  private matchesEntry(entry: LogEntry | null): boolean {
    if (entry === null || ranks[entry.level] < this.minRank) return false;
    if (this.query.event && !entry.event.startsWith(this.query.event)) return false;
    if (this.query.correlationId && entry.fields["correlationId"] !== this.query.correlationId) return false;
    return this.text === "" || textsOf(entry).some((text) => text.toLowerCase().includes(this.text));
  }
}

/** The rarest strings of which one must stand in a matching line. */
function literalsOf(query: LogQuery, minRank: number): string[] {
  if (query.correlationId) return [`"correlationId":${JSON.stringify(query.correlationId)}`];
  if (minRank >= 2) return levels.filter((level) => ranks[level] >= minRank).map((level) => `"level":"${level}"`);
  if (query.event) return [`"event":${JSON.stringify(query.event).slice(0, -1)}`];
  return [];
}

function textsOf(entry: LogEntry): string[] {
  const fields = Object.values(entry.fields).map((value) => (typeof value === "string" ? value : JSON.stringify(value) ?? ""));
  return [entry.message, entry.event, ...fields];
}

/** Null for a line that is not an entry (damage). */
export function parseEntry(line: string): LogEntry | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null; // a damaged line is left out of views; the download still has it
  }
  if (typeof value !== "object" || value === null) return null;
  const { line: number, time, level, event, message, ...fields } = value as Record<string, unknown>;
  if (typeof number !== "number") return null;
  return {
    line: number,
    time: typeof time === "string" ? time : "",
    level: levels.includes(level as LogLevel) ? (level as LogLevel) : "info",
    event: typeof event === "string" ? event : "",
    message: typeof message === "string" ? message : "",
    fields,
  };
}
