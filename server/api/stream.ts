import type { Job, JobProgress, JobState } from "../contract/job.ts";
import type { Bus } from "../events/bus.ts";
import type { JobQueue } from "../jobs/queue/queue.ts";
import { AppError } from "../base/errors.ts";
import { isFinal } from "../jobs/store/states.ts";

export interface StreamDeps {
  readonly queue: JobQueue;
  readonly bus: Bus;
}

/** For the description of the API. */
export const streamAnswers = {
  200: { description: "Events `progress`, then `complete`", content: { "text/event-stream": {} } },
  204: { description: "The end was delivered before: do not come back" },
};

const pingMs = 20_000;
const streamLimit = 100;
let openStreams = 0;

/**
 * Where a reader stands: `seq` of the last change of state that it has, and how many messages of progress came since.
 * It is the `id:` of each message, so a reader that comes back with Last-Event-ID gets every change once.
 */
interface Position {
  seq: number;
  count: number;
}

/**
 * The life of one job as server-sent events: `progress` for each change and at most four times a second between,
 * `complete` at its end, after which the stream closes. Never more than the newest progress waits for a slow reader.
 */
export function streamJob(job: Job, request: Request, deps: StreamDeps): Response {
  const position = positionOf(request.headers.get("last-event-id"));
  const known = position === null ? [] : deps.queue.history(job.id, position.seq);
  // The end was delivered before: this status tells an EventSource not to come back.
  if (position !== null && isFinal(job.state) && known.length === 0) return new Response(null, { status: 204 });
  if (openStreams >= streamLimit) {
    throw new AppError("too_many_requests", "Too many streams of jobs are open.", { why: `At most ${streamLimit} are kept open at once.` });
  }
  const body = new ReadableStream(new JobStream(job.id, position, deps), { highWaterMark: 0 });
  return new Response(body, {
    headers: { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store", "x-accel-buffering": "no" },
  });
}

class JobStream implements UnderlyingDefaultSource<Uint8Array> {
  private readonly encoder = new TextEncoder();
  private readonly at: Position;
  private progress: JobProgress | null = null;
  private changed = true;
  private isFirst = true;
  private wake: () => void = () => {};
  private close: () => void = () => {};
  private isOver = false;
  private isCancelled = false;

  constructor(
    private readonly jobId: string,
    private readonly resumed: Position | null,
    private readonly deps: StreamDeps,
  ) {
    this.at = resumed === null ? { seq: 0, count: 0 } : { ...resumed };
  }

  start(): void {
    openStreams++;
    const unsubscribe = this.deps.bus.subscribe(({ event }) => {
      if (event.type === "job.changed" && event.job.id === this.jobId) this.changed = true;
      else if (event.type === "job.progress" && event.jobId === this.jobId) this.progress = event.progress;
      else return;
      this.wake();
    });
    this.close = () => {
      openStreams--;
      unsubscribe();
      this.close = () => {};
    };
  }

  /** Called only when the reader wants more. */
  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const text = this.next() ?? (await this.nextAfterWait());
    if (this.isCancelled) return;
    controller.enqueue(this.encoder.encode(text));
    if (!this.isOver) return;
    this.close();
    controller.close();
  }

  cancel(): void {
    this.isCancelled = true;
    this.close();
    this.wake();
  }

  /** null: there is nothing new. */
  private next(): string | null {
    if (this.changed) {
      this.changed = false;
      const text = this.changes();
      if (text !== "") return text;
    }
    const { progress } = this;
    if (progress === null) return null;
    this.progress = null;
    const job = this.deps.queue.get(this.jobId);
    return job === null ? null : this.message({ ...job, progress }, job.state, "");
  }

  private async nextAfterWait(): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.wake = resolve;
    const timer = setTimeout(resolve, pingMs);
    await promise;
    clearTimeout(timer);
    return this.next() ?? ": ping\n\n";
  }

  /** The changes since the last message. A new reader is told only how things stand now. */
  private changes(): string {
    const job = this.deps.queue.get(this.jobId);
    if (job === null) return this.end();
    const steps = this.deps.queue.history(this.jobId, this.at.seq);
    const untold = this.isFirst && this.resumed === null ? steps.slice(-1) : steps;
    this.isFirst = false;
    if (untold.length === 0) return this.message(job, job.state, "");
    const texts = untold.map((step) => {
      this.at.seq = step.seq;
      this.at.count = 0;
      return this.message(job, step.to, step.why);
    });
    return texts.join("");
  }

  private end(): string {
    this.isOver = true;
    return "event: complete\ndata: {}\n\n";
  }

  private message(job: Job, state: JobState, why: string): string {
    const isEnd = isFinal(state);
    if (isEnd) this.isOver = true;
    const id = `${this.at.seq}.${this.at.count++}`;
    return `event: ${isEnd ? "complete" : "progress"}\nid: ${id}\ndata: ${JSON.stringify(dataOf(job, state, why))}\n\n`;
  }
}

function dataOf(job: Job, state: JobState, why: string) {
  const { progress } = job;
  return {
    jobId: job.id, jobType: job.kind, status: state, attempt: job.attempt, why,
    progress: progress?.fraction ?? null, message: progress?.message ?? job.waiting?.text ?? "",
    currentStep: progress?.step ?? 0, totalSteps: progress?.totalSteps ?? 0,
    etaSeconds: progress?.etaSeconds ?? null, speed: progress?.speed ?? "", loss: progress?.loss ?? null,
    waiting: job.waiting, results: job.results, failure: isFinal(state) ? job.failure : null,
    timestamp: progress?.updatedAt ?? job.createdAt,
  };
}

function positionOf(header: string | null): Position | null {
  const match = /^(\d{1,15})\.(\d{1,15})$/.exec(header ?? "");
  return match === null ? null : { seq: Number(match[1]), count: Number(match[2]) + 1 };
}
