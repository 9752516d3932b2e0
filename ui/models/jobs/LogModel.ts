import { batch, computed, effect, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { LogEntry, LogLevel, LogPage } from "../../../server/contract/log.ts";
import { asApiError, type Api, type ApiError } from "../../api.ts";
import type { Events } from "../../events.ts";
import type { ConnectionModel } from "../app/ConnectionModel.ts";

/** Rows kept in the page; older ones leave and are counted. */
export const maxRows = 5000;
/** Rows of one request, and the newest rows that are shown first. */
const pageRows = 500;
/** The service log has no live events, so it is asked at this pace. */
const pollMs = 2000;
const hourMs = 3_600_000;

export type LogSource = { kind: "job"; jobId: string } | { kind: "service" };

export interface LogFilter {
  /** This level and above; null: all. */
  readonly level: LogLevel | null;
  readonly search: string;
  /** Only what is not older than this; null: all. */
  readonly hours: number | null;
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
export function createLogModel(options: LogOptions): LogModel {
  return new LogTail(options);
}

class LogTail implements LogModel {
  readonly filter: Signal<LogFilter>;
  readonly loading = signal(false);
  readonly error = signal<ApiError | null>(null);
  readonly following = signal(true);
  readonly newLines = signal(0);
  readonly older = signal(0);
  readonly liveLine = signal("");
  readonly rows = computed(() => withGaps(this.entries.value, this.filter.value));
  readonly downloadUrl: string | null;
  private readonly entries = signal<readonly LogEntry[]>([]);
  private readonly base: string;
  private readonly stops: Array<() => void> = [];
  /** Answers to questions of an earlier turn are void. */
  private turn = 0;
  private lastLine = 0;
  private catchingUp: Promise<void> | null = null;

  constructor(private readonly options: LogOptions) {
    const { source } = options;
    this.filter = signal<LogFilter>({ level: null, search: "", hours: null, ...options.filter });
    const ofJob = source.kind === "job" ? `/api/jobs/${encodeURIComponent(source.jobId)}/logs` : null;
    this.base = ofJob === null ? "/api/logs/view" : `${ofJob}/view`;
    this.downloadUrl = ofJob;
    if (source.kind === "job") this.listen(source.jobId);
    else this.poll();
    this.resumeWithConnection();
    void this.load();
  }

  readonly setFilter = (change: Partial<LogFilter>): void => {
    this.filter.value = { ...this.filter.value, ...change };
    void this.load();
  };

  readonly follow = (on: boolean): void => {
    if (this.following.value === on) return;
    this.following.value = on;
    if (!on) return;
    this.newLines.value = 0;
    void this.catchUp();
  };

  readonly load = (): Promise<void> =>
    this.run(async (isCurrent) => {
      let page = await this.ask({ offset: 0, limit: pageRows });
      if (page.total > pageRows) page = await this.ask({ offset: page.total - pageRows, limit: pageRows });
      if (!isCurrent()) return;
      batch(() => {
        this.entries.value = page.entries;
        this.lastLine = Math.max(page.lastLine, page.entries.at(-1)?.line ?? 0);
        this.older.value = Math.max(0, page.total - page.entries.length);
        this.newLines.value = 0;
      });
    });

  readonly loadOlder = (): Promise<void> =>
    this.run(async (isCurrent) => {
      const count = Math.min(pageRows, this.older.value);
      const page = await this.ask({ offset: this.older.value - count, limit: count });
      if (!isCurrent()) return;
      batch(() => {
        this.following.value = false;
        this.older.value -= count;
        this.entries.value = [...page.entries, ...this.entries.value].slice(0, maxRows);
        this.lastLine = this.entries.value.at(-1)?.line ?? this.lastLine;
      });
    });

  dispose(): void {
    this.turn += 1;
    for (const stop of this.stops) stop();
  }

  private listen(jobId: string): void {
    const { connection, events } = this.options;
    connection.watch(jobId);
    this.stops.push(
      () => connection.unwatch(jobId),
      events.on("job.log", (event) => event.jobId === jobId && this.receive(event.entries)),
      events.on("job.live-line", (event) => event.jobId === jobId && (this.liveLine.value = event.text)),
    );
  }

  private poll(): void {
    const timer = setInterval(() => {
      if (document.visibilityState !== "hidden" && !this.loading.peek()) void this.catchUp();
    }, pollMs);
    this.stops.push(() => clearInterval(timer));
  }

  private resumeWithConnection(): void {
    const { connections } = this.options.connection;
    let known = connections.peek();
    this.stops.push(
      effect(() => {
        if (connections.value === known) return;
        known = connections.value;
        void this.catchUp();
      }),
    );
  }

  private receive(lines: readonly LogEntry[]): void {
    const fitting = lines.filter((entry) => entry.line > this.lastLine && fits(entry, this.filter.peek()));
    if (this.following.peek()) this.append(fitting);
    else this.newLines.value += fitting.length;
  }

  /** Only what the page does not have yet; keeps the newest. */
  private append(fresh: readonly LogEntry[]): void {
    const added = fresh.filter((entry) => entry.line > this.lastLine);
    if (added.length === 0) return;
    this.lastLine = added.at(-1)!.line;
    const all = [...this.entries.value, ...added];
    batch(() => {
      this.older.value += Math.max(0, all.length - maxRows);
      this.entries.value = all.slice(-maxRows);
    });
  }

  /** Fetches what came since the last line; never twice at a time. */
  private catchUp(): Promise<void> {
    this.catchingUp ??= this.fetchMissing()
      .catch((thrown: unknown) => void (this.error.value = asApiError(thrown)))
      .finally(() => (this.catchingUp = null));
    return this.catchingUp;
  }

  private async fetchMissing(): Promise<void> {
    const mine = this.turn;
    for (let hasMore = true; hasMore; ) {
      const page = await this.ask({ after: this.lastLine, offset: 0, limit: pageRows });
      if (mine !== this.turn) return;
      if (!this.following.peek()) {
        this.newLines.value = page.total;
        return;
      }
      this.append(page.entries);
      hasMore = page.hasMore && page.entries.length > 0;
    }
    this.error.value = null;
  }

  private ask(extra: Record<string, number>): Promise<LogPage> {
    const { level, search, hours } = this.filter.peek();
    const query = new URLSearchParams();
    if (level !== null) query.set("level", level);
    if (search !== "") query.set("search", search);
    if (hours !== null) query.set("since", new Date(Date.now() - hours * hourMs).toISOString());
    for (const [name, value] of Object.entries(extra)) query.set(name, String(value));
    return this.options.api.get<LogPage>(`${this.base}?${query}`);
  }

  private async run(work: (isCurrent: () => boolean) => Promise<void>): Promise<void> {
    const mine = ++this.turn;
    this.loading.value = true;
    try {
      await work(() => mine === this.turn);
      if (mine === this.turn) this.error.value = null;
    } catch (thrown) {
      if (mine === this.turn) this.error.value = asApiError(thrown);
    } finally {
      if (mine === this.turn) this.loading.value = false;
    }
  }
}

function fits(entry: LogEntry, filter: LogFilter): boolean {
  if (filter.level !== null && ranks[entry.level] < ranks[filter.level]) return false;
  const text = `${entry.message}\n${entry.event}\n${Object.values(entry.fields).join("\n")}`.toLowerCase();
  return text.includes(filter.search.toLowerCase());
}

/** Without a filter, a jump in the line numbers means that lines are not shown: the log says how many. */
function withGaps(entries: readonly LogEntry[], filter: LogFilter): LogRow[] {
  const rows: LogRow[] = [];
  const isWhole = filter.level === null && filter.search === "" && filter.hours === null;
  let last: number | null = null;
  for (const entry of entries) {
    const missing: number = last === null ? 0 : entry.line - last - 1;
    if (isWhole && missing > 0) rows.push({ kind: "gap", lines: missing });
    // Tools print empty lines between their parts; a row of its own for each says nothing.
    if (entry.event !== "tool.line" || entry.message.trim() !== "") rows.push({ kind: "entry", entry });
    last = entry.line;
  }
  return rows;
}
