import type { LogEntry, LogPage } from "../contract/log.ts";
import { LineFile } from "./line-file.ts";
import { defaultLimit, LineFilter, maxLimit, parseEntry, type LogQuery } from "./query.ts";
import { lineNumberOf } from "./tail.ts";

/**
 * One page of a log that lies in `paths`, oldest first. Without filters the cost does not grow with the log; with
 * filters each file is streamed once. Missing files are an empty log.
 */
export async function viewLog(paths: readonly string[], query: LogQuery): Promise<LogPage> {
  const files = await openAll(paths);
  try {
    if (files.length === 0) return { entries: [], total: 0, lastLine: query.after ?? 0, hasMore: false };
    const filter = new LineFilter(query);
    return filter.isEmpty ? await plainPage(files, query) : await filteredPage(files, query, filter);
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
}

/** Ordered by their numbers: a rotation between two opens may give one file twice. */
async function openAll(paths: readonly string[]): Promise<LineFile[]> {
  const files: LineFile[] = [];
  for (const path of paths) {
    const file = await LineFile.open(path);
    if (file !== null && files.some((other) => other.firstLine === file.firstLine)) await file.close();
    else if (file !== null) files.push(file);
  }
  return files.sort((a, b) => a.firstLine - b.firstLine);
}

const limitOf = (query: LogQuery) => Math.min(maxLimit, Math.max(1, query.limit ?? defaultLimit));

/** Line numbers count on without gaps, so the page's place is known without reading what is before it. */
async function plainPage(files: readonly LineFile[], query: LogQuery): Promise<LogPage> {
  const lastLine = files.at(-1)!.lastLine;
  const from = Math.max((query.after ?? 0) + 1, files[0]!.firstLine);
  const offset = query.offset ?? 0;
  const limit = limitOf(query);
  const end = query.tail ? lastLine - offset : Math.min(lastLine, from + offset + limit - 1);
  const start = query.tail ? Math.max(from, end - limit + 1) : from + offset;
  const entries = start > end ? [] : await readRange(files, start, end);
  const hasMore = query.tail ? start > from && end >= from : end < lastLine && start <= lastLine;
  return { entries, total: Math.max(0, lastLine - from + 1), lastLine, hasMore };
}

async function readRange(files: readonly LineFile[], start: number, end: number): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for (const file of files) {
    if (file.lastLine < start || file.firstLine > end) continue;
    for await (const chunk of file.chunks(start)) {
      let isPast = false;
      for (const line of chunk.split("\n")) {
        const number = lineNumberOf(line);
        if (number < start) continue;
        isPast = number > end;
        const entry = isPast ? null : parseEntry(line);
        if (isPast) break;
        if (entry !== null) entries.push(entry);
      }
      if (isPast) break;
    }
  }
  return entries;
}

async function filteredPage(files: readonly LineFile[], query: LogQuery, filter: LineFilter): Promise<LogPage> {
  const lastLine = files.at(-1)!.lastLine;
  const limit = limitOf(query);
  const offset = query.offset ?? 0;
  if (query.tail && offset > 0) {
    const { total } = await collect(files, query, filter, 0, 0);
    const end = Math.max(0, total - offset);
    const page = await collect(files, query, filter, Math.max(0, end - limit), Math.min(limit, end));
    return { entries: page.entries, total, lastLine, hasMore: end > limit };
  }
  const page = await collect(files, query, filter, query.tail ? null : offset, limit);
  const hasMore = query.tail ? page.total > page.entries.length : page.total > offset + page.entries.length && page.entries.length > 0;
  return { ...page, lastLine, hasMore };
}

/** Counts all matches, and keeps those from the match `from` on, or the last ones where `from` is null. */
async function collect(
  files: readonly LineFile[], query: LogQuery, filter: LineFilter, from: number | null, limit: number,
): Promise<{ entries: LogEntry[]; total: number }> {
  const after = query.after ?? 0;
  let kept: string[] = [];
  let total = 0;
  for (const file of files) {
    if (file.lastLine <= after) continue;
    for await (const chunk of file.chunks(after + 1)) {
      for (const line of matchesIn(chunk, filter)) {
        if (after > 0 && lineNumberOf(line) <= after) continue;
        const isWanted = from === null ? true : total >= from && kept.length < limit;
        total += 1;
        if (isWanted) kept.push(line);
        if (from === null && kept.length >= 2 * limit) kept = kept.slice(-limit);
      }
    }
  }
  const lines = from === null ? kept.slice(-limit) : kept;
  return { entries: lines.map(parseEntry).filter((entry) => entry !== null), total };
}

function* matchesIn(chunk: string, filter: LineFilter): Generator<string> {
  const prepared = filter.prepare(chunk);
  let at = 0;
  while (at < chunk.length) {
    const hit = filter.next(prepared, at);
    if (hit < 0) return;
    const start = hit === at ? at : chunk.lastIndexOf("\n", hit - 1) + 1;
    const end = chunk.indexOf("\n", hit);
    const stop = end < 0 ? chunk.length : end;
    const line = chunk.slice(Math.max(start, at), stop);
    if (filter.matches(line)) yield line;
    at = stop + 1;
  }
}
