import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { LogLevel, LogPage } from "../contract/log.ts";
import type { Bus } from "../events/bus.ts";
import { notFound } from "../base/errors.ts";
import { idPattern } from "../base/ids.ts";
import { JobFile } from "./job-file.ts";
import { LiveLine } from "./live-line.ts";
import type { LogQuery } from "./query.ts";
import type { Redactor } from "./redact.ts";
import { viewLog } from "./view.ts";

const batchSize = 200;
const liveLineLimit = 1000;
const validId = new RegExp(idPattern);

/** Writing to one job's log. Never throws. After `close` further calls do nothing. */
export interface JobLog {
  /**
   * Kept within 50 ms, in order, redacted; a message beyond 8 KiB is cut with a note. A child's output is written as
   * `tool.line` with the fields `{run, offset}`.
   */
  write(level: LogLevel, event: string, message: string, fields?: Record<string, unknown>): void;
  /** The line that a progress bar is being drawn on: sent to watchers at most ten times a second, never stored. */
  liveLine(text: string): void;
  /** The largest offset of this run that was ever written; -1 for none. Lines up to it must not be written again. */
  lastOffset(run: string): number;
  /** Writes what waits. Each `open` needs its own `close`. */
  close(): void;
}

export interface JobLogsOptions {
  readonly folder: string;
  readonly redactor: Redactor;
  readonly bus: Bus;
  /** Size of one job's log; default 1 GiB. */
  readonly limitBytes?: number;
}

interface OpenLog {
  readonly file: JobFile;
  readonly live: LiveLine;
  users: number;
}

/** One JSON Lines file per job; line numbers count from 1 for ever, whatever crashes in between. */
export class JobLogs {
  private readonly openLogs = new Map<string, OpenLog>();

  constructor(private readonly options: JobLogsOptions) {}

  open(jobId: string, context: { correlationId: string }): JobLog {
    const log = this.share(jobId);
    let isOpen = true;
    return {
      write: (level, event, message, fields = {}) => {
        if (isOpen) log.file.write(context.correlationId, level, event, message, fields);
      },
      liveLine: (text) => {
        if (isOpen) log.live.show(text);
      },
      lastOffset: (run) => log.file.lastOffset(run),
      close: () => {
        if (isOpen) this.release(jobId, log);
        isOpen = false;
      },
    };
  }

  async view(jobId: string, query: LogQuery): Promise<LogPage> {
    const path = this.fileOf(jobId);
    this.flush(jobId);
    const page = await viewLog([path], query);
    for (const entry of page.entries) delete entry.fields["jobId"]; // everybody who asks for a job's log knows its id
    return page;
  }

  /** Where this job's log is or would be. Throws not_found for anything that is not an id. */
  fileOf(jobId: string): string {
    if (!validId.test(jobId)) throw notFound("job", jobId);
    return join(this.options.folder, `${jobId}.jsonl`);
  }

  remove(jobId: string): void {
    const path = this.fileOf(jobId);
    const log = this.openLogs.get(jobId);
    this.openLogs.delete(jobId);
    log?.live.stop();
    log?.file.close();
    rmSync(path, { force: true });
  }

  flush(jobId: string): void {
    this.openLogs.get(jobId)?.file.flush();
  }

  /** Everything written so far is in the files when this returns. */
  flushAll(): void {
    for (const log of this.openLogs.values()) log.file.flush();
  }

  private share(jobId: string): OpenLog {
    const path = this.fileOf(jobId);
    const known = this.openLogs.get(jobId);
    if (known !== undefined) {
      known.users += 1;
      return known;
    }
    const { folder, redactor, bus, limitBytes } = this.options;
    makeFolder(folder);
    const file = new JobFile(jobId, path, redactor, (entries) => {
      for (let at = 0; at < entries.length; at += batchSize) bus.publish({ type: "job.log", jobId, entries: entries.slice(at, at + batchSize) });
    }, limitBytes);
    const live = new LiveLine((text) => bus.publish({ type: "job.live-line", jobId, text: redactor.redact(text).slice(0, liveLineLimit) }));
    const log = { file, live, users: 1 };
    this.openLogs.set(jobId, log);
    return log;
  }

  private release(jobId: string, log: OpenLog): void {
    log.users -= 1;
    if (log.users > 0 || this.openLogs.get(jobId) !== log) return;
    this.openLogs.delete(jobId);
    log.live.stop();
    log.file.close();
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch {
    // The append then fails, is counted, and is tried again.
  }
}
