import { batch, computed, effect, signal, type ReadonlySignal } from "@preact/signals";
import type { LogEntry, LogLevel, LogPage } from "../../server/contract/log.ts";
import { asApiError, type Api, type ApiError } from "../api.ts";
import type { Events } from "../events.ts";
import type { ConnectionModel } from "./ConnectionModel.ts";

/** Rows kept in the page; older ones leave and are counted. */
export const maxRows = 5000;
/** Rows of one request, and the newest rows that are shown first. */
const pageRows = 500;
/** The service log has no live events, so it is asked at this pace. */
const pollMs = 2000;

export type LogSource = { kind: "job"; jobId: string } | { kind: "service" };

export interface LogFilter {
  /** This level and above; null: all. */
  readonly level: LogLevel | null;
  readonly search: string;
}

export type LogRow = { kind: "entry"; entry: LogEntry } | { kind: "gap"; lines: number };

export interface LogModel {
  readonly rows: ReadonlySignal<readonly LogRow[]>;
  readonly filter: ReadonlySignal<LogFilter>;
  readonly loading: ReadonlySignal<boolean>;
  readonly error: ReadonlySignal<ApiError | null>;
  /** Follows the end. While off, new lines are only counted. */
  readonly following: ReadonlySignal<boolean>;
  readonly newLines: ReadonlySignal<number>;
  /** Matching entries that are older than the first row. */
  readonly older: ReadonlySignal<number>;
  /** The line that a progress bar is drawn on now. */
  readonly liveLine: ReadonlySignal<string>;
  readonly downloadUrl: string | null;
  setFilter(change: Partial<LogFilter>): void;
  follow(on: boolean): void;
  load(): Promise<void>;
  loadOlder(): Promise<void>;
  dispose(): void;
}

export interface LogOptions {
  api: Api;
  events: Events;
  connection: Pick<ConnectionModel, "watch" | "unwatch" | "connections">;
  source: LogSource;
  filter?: Partial<LogFilter>;
}

const ranks: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** The newest part of a log: one page first, then what comes, never more than `maxRows`. */
export function createLogModel({ api, events, connection, source, filter: initial }: LogOptions): LogModel {
  const base = source.kind === "job" ? `/api/jobs/${encodeURIComponent(source.jobId)}/logs/view` : "/api/logs/view";
  const filter = signal<LogFilter>({ level: null, search: "", ...initial });
  const entries = signal<readonly LogEntry[]>([]);
  const loading = signal(false);
  const error = signal<ApiError | null>(null);
  const following = signal(true);
  const newLines = signal(0);
  const older = signal(0);
  const liveLine = signal("");
  let turn = 0;
  let lastLine = 0;
  let catchingUp: Promise<void> | null = null;

  const ask = (extra: Record<string, number>) => {
    const query = new URLSearchParams();
    if (filter.peek().level !== null) query.set("level", filter.peek().level!);
    if (filter.peek().search !== "") query.set("search", filter.peek().search);
    for (const [name, value] of Object.entries(extra)) query.set(name, String(value));
    return api.get<LogPage>(`${base}?${query}`);
  };
  /** Only what the page does not have yet; keeps the newest. */
  const append = (fresh: readonly LogEntry[]) => {
    const added = fresh.filter((entry) => entry.line > lastLine);
    if (added.length === 0) return;
    lastLine = added.at(-1)!.line;
    const all = [...entries.value, ...added];
    batch(() => {
      older.value += Math.max(0, all.length - maxRows);
      entries.value = all.slice(-maxRows);
    });
  };
  const run = async (work: (isCurrent: () => boolean) => Promise<void>) => {
    const mine = ++turn;
    loading.value = true;
    try {
      await work(() => mine === turn);
      if (mine === turn) error.value = null;
    } catch (thrown) {
      if (mine === turn) error.value = asApiError(thrown);
    } finally {
      if (mine === turn) loading.value = false;
    }
  };
  const load = () =>
    run(async (isCurrent) => {
      let page = await ask({ offset: 0, limit: pageRows });
      if (page.total > pageRows) page = await ask({ offset: page.total - pageRows, limit: pageRows });
      if (!isCurrent()) return;
      batch(() => {
        entries.value = page.entries;
        lastLine = Math.max(page.lastLine, page.entries.at(-1)?.line ?? 0);
        older.value = Math.max(0, page.total - page.entries.length);
        newLines.value = 0;
      });
    });
  /** Fetches what came since the last line, page by page while following. */
  const catchUp = async () => {
    const mine = turn;
    for (;;) {
      const page = await ask({ after: lastLine, offset: 0, limit: pageRows });
      if (mine !== turn) return;
      if (!following.peek()) {
        newLines.value = page.total;
        return;
      }
      append(page.entries);
      if (!page.hasMore || page.entries.length === 0) break;
    }
    error.value = null;
  };
  const catchUpOnce = () => {
    catchingUp ??= catchUp()
      .catch((thrown: unknown) => void (error.value = asApiError(thrown)))
      .finally(() => (catchingUp = null));
    return catchingUp;
  };
  const onLines = (lines: readonly LogEntry[]) => {
    const fitting = lines.filter((entry) => entry.line > lastLine && fits(entry, filter.peek()));
    if (following.peek()) append(fitting);
    else newLines.value += fitting.length;
  };

  const stops: Array<() => void> = [];
  if (source.kind === "job") {
    const { jobId } = source;
    connection.watch(jobId);
    stops.push(
      () => connection.unwatch(jobId),
      events.on("job.log", (event) => event.jobId === jobId && onLines(event.entries)),
      events.on("job.live-line", (event) => event.jobId === jobId && (liveLine.value = event.text)),
    );
  } else {
    const timer = setInterval(() => {
      if (document.visibilityState !== "hidden" && !loading.peek()) void catchUpOnce();
    }, pollMs);
    stops.push(() => clearInterval(timer));
  }
  let connections = connection.connections.peek();
  stops.push(
    effect(() => {
      if (connection.connections.value === connections) return;
      connections = connection.connections.value;
      void catchUpOnce();
    }),
  );
  void load();

  return {
    rows: computed(() => withGaps(entries.value, filter.value)),
    filter, loading, error, following, newLines, older, liveLine,
    downloadUrl: source.kind === "job" ? `/api/jobs/${encodeURIComponent(source.jobId)}/logs` : null,
    setFilter(change) {
      filter.value = { ...filter.value, ...change };
      void load();
    },
    follow(on) {
      if (following.value === on) return;
      following.value = on;
      if (!on) return;
      newLines.value = 0;
      void catchUpOnce();
    },
    load,
    loadOlder: () =>
      run(async (isCurrent) => {
        const count = Math.min(pageRows, older.value);
        const page = await ask({ offset: older.value - count, limit: count });
        if (!isCurrent()) return;
        batch(() => {
          following.value = false;
          older.value -= count;
          entries.value = [...page.entries, ...entries.value].slice(0, maxRows);
          lastLine = entries.value.at(-1)?.line ?? lastLine;
        });
      }),
    dispose() {
      turn += 1;
      for (const stop of stops) stop();
    },
  };
}

function fits(entry: LogEntry, filter: LogFilter): boolean {
  if (filter.level !== null && ranks[entry.level] < ranks[filter.level]) return false;
  const text = `${entry.message}\n${entry.event}\n${Object.values(entry.fields).join("\n")}`.toLowerCase();
  return text.includes(filter.search.toLowerCase());
}

/** Without a filter, a jump in the line numbers means that lines are not shown: the log says how many. */
function withGaps(entries: readonly LogEntry[], filter: LogFilter): LogRow[] {
  const rows: LogRow[] = [];
  const isWhole = filter.level === null && filter.search === "";
  let last: number | null = null;
  for (const entry of entries) {
    const missing: number = last === null ? 0 : entry.line - last - 1;
    if (isWhole && missing > 0) rows.push({ kind: "gap", lines: missing });
    rows.push({ kind: "entry", entry });
    last = entry.line;
  }
  return rows;
}
